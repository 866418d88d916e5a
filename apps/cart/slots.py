"""What the cart puts into pages of others."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from apps.cart import operations, queries, shoppers
from apps.cart.models import MOST, MOST_LINES
from apps.cart.rates import COUNTRIES, Method


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


def shipping(
    request: HttpRequest, country: str, method: str, label: str, address: str
) -> SafeString:
    """Inside a form: each method that is offered in the country with what the cart costs by it, as
    the choice of a `quote`, and the button with `label`; `method` is chosen, if it is offered. Where
    there is none to choose, why, and the way to the cart or to the page `address`."""
    owner = shoppers.owner(request)
    context = {
        "label": label,
        "address": address,
        "notices": shoppers.notices(request),
        "delivered": country in COUNTRIES,
    }
    if context["delivered"]:
        context |= _offers(owner, country, method)
    return render_to_string("cart/_shipping.html", context, request=request)


def _offers(owner: str | None, country: str, method: str) -> dict[str, Any]:
    """The methods, or what is to be settled in the cart before."""
    try:
        made = operations.make_quotes(owner=owner, country=country)
    except operations.EmptyCart:
        return {"empty": True}
    except operations.CartChanged as changed:
        return {"cart": changed.cart}
    except operations.CouponRefused as refused:
        return {"refused": refused}
    offered = [signed.quote.shipping_method for signed in made]
    chosen = method if method in offered else offered[0]
    offers = [(Method(signed.quote.shipping_method), signed) for signed in made]
    return {"offers": offers, "chosen": chosen}
