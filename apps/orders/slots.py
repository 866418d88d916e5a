"""What orders puts into other contexts' pages."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def checkout(request: HttpRequest, quote: str) -> SafeString:
    """The way from the cart to the checkout, for a signed quote."""
    return render_to_string("orders/slots/checkout.html", {"quote": quote}, request=request)


def account_link(request: HttpRequest) -> SafeString:
    """The way from the account to the shopper's orders."""
    return render_to_string("orders/slots/account_link.html", request=request)
