"""How the catalogue's templates show pictures and stock."""

from typing import Any

from django import template
from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from apps.products import pictures

register = template.Library()
FIRST_ROW = 4  # pictures of a list that are on the screen at once: not lazy


@register.simple_tag
def picture(
    recipe: str, *, alt: str, size: int = 320, first: int = 1, close: bool = False
) -> SafeString:
    """The <img> of a recipe; `first` counts the pictures of a list from 1."""
    return format_html(
        '<img src="{}" alt="{}" width="{size}" height="{size}" loading="{}">',
        reverse("products:picture", args=[recipe + pictures.CLOSE if close else recipe]),
        alt,
        "eager" if first <= FIRST_ROW else "lazy",
        size=size,
    )


@register.inclusion_tag("products/_stock.html")
def stock_badge(available: int | None) -> dict[str, Any]:
    """In stock, only N left, sold out; nothing while inventory has not spoken."""
    return {"available": available, "low": settings.STOCK_LOW_THRESHOLD}
