"""What the cart puts into pages of others."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.cart import queries, shoppers
from apps.cart.models import MOST, MOST_LINES


def header(request: HttpRequest) -> SafeString:
    """The link to the cart, with how many units it holds. Never makes a cart."""
    owners = shoppers.owners(request)
    context = {"count": queries.count(owners) if owners else 0}
    return render_to_string("cart/_header.html", context, request=request)


def buy(request: HttpRequest, sku: str, available: int | None = None) -> SafeString:
    """The form that puts an article into the cart."""
    most = MOST if available is None else min(available, MOST)
    context = {"sku": sku, "available": available, "most": most}
    return render_to_string("cart/_buy.html", context, request=request)


def again(request: HttpRequest, lines: Sequence[dict[str, Any]]) -> SafeString:
    """The button that puts the lines of an order, each {"sku", "quantity"}, into the cart again;
    nothing for an order of more lines than that takes."""
    if not 0 < len(lines) <= MOST_LINES:
        return SafeString("")
    return render_to_string("cart/_again.html", {"lines": lines}, request=request)


def link(request: HttpRequest) -> SafeString:
    """The way back to the cart."""
    return render_to_string("cart/_link.html", request=request)
