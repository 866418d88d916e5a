"""What users puts into other apps' pages."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from apps.users import queries
from apps.users.models import User


def header(request: HttpRequest) -> SafeString:
    """Slot "header": "Sign in", or the name and "Sign out"."""
    return render_to_string("users/header.html", {"next": _come_back_to(request)}, request=request)


def _come_back_to(request: HttpRequest) -> str:
    """Where signing in leads back to: this page, unless it is one that cannot be visited again
    or has to do with signing in itself."""
    own = request.path in (reverse("users:login"), reverse("users:signup"))
    return "" if own or request.method != "GET" else request.get_full_path()


def checkout_addresses(request: HttpRequest, *, action: str) -> SafeString | str:
    """Slot "checkout.addresses": a form for each saved address, which fills in the checkout at
    `action`. Nothing for guests and empty address books."""
    if not isinstance(request.user, User):
        return ""
    addresses = list(queries.addresses_of(request.user.pk))
    if not addresses:
        return ""
    page = {"addresses": addresses, "action": action}
    return render_to_string("users/checkout_addresses.html", page, request=request)
