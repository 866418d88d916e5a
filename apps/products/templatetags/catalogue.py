"""How the catalogue's templates show pictures, stock and stars."""

import json
from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from apps.products import pictures
from apps.products.queries import Count

register = template.Library()
FIRST_ROW = 4  # pictures of a list that are on the screen at once: not lazy
ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


@register.simple_tag
def picture(recipe: str, *, alt: str, size: int = 320, first: int = 1) -> SafeString:
    """The <img> of a recipe; `first` counts the pictures of a list from 1."""
    return format_html(
        '<img src="{}" alt="{}" width="{size}" height="{size}" loading="{}">',
        reverse("products:picture", args=[recipe or pictures.NONE_YET]),
        alt,
        "eager" if first <= FIRST_ROW else "lazy",
        size=size,
    )


@register.inclusion_tag("products/_stock.html")
def stock_badge(available: int | None) -> dict[str, Any]:
    """In stock, only N left, sold out; nothing while inventory has not spoken."""
    return {"available": available, "low": settings.STOCK_LOW_THRESHOLD}


@register.filter
def count(found: Count) -> str:
    """As "12"; "1,000+" where there may be more."""
    return f"{found.number:,}{'+' if found.more else ''}"


@register.simple_tag
def stars(rating: int | str) -> SafeString:
    """One to five stars, in words for those who do not see them."""
    full = round(float(rating))
    return format_html(
        '<span class="stars"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{} of 5 stars</span></span>',
        "★" * full + "☆" * (5 - full),
        rating,
    )


@register.filter
def json_ld(data: dict[str, Any] | list[dict[str, Any]]) -> SafeString:
    """A block of data for machines; nothing in it can end the element, and nothing is run."""
    text = json.dumps(data, ensure_ascii=False).translate(ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308
