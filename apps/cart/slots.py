"""What the cart puts into pages of others."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.cart import queries, shoppers
from apps.cart.models import MOST


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
