"""What users puts into other apps' pages."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from apps.users import queries
from apps.users.models import User

HIDDEN = '<input type="hidden" name="{}" value="{}">'


def header(request: HttpRequest) -> SafeString:
    """Slot "header": "Sign in", or the name and "Sign out"."""
    return render_to_string("users/header.html", {"next": _come_back_to(request)}, request=request)


def _come_back_to(request: HttpRequest) -> str:
    """Where signing in leads back to: this page, unless it is one that cannot be visited again
    or has to do with signing in itself."""
    own = request.path in (reverse("users:login"), reverse("users:signup"))
    return "" if own or request.method != "GET" else request.get_full_path()


def checkout_addresses(request: HttpRequest, *, action: str) -> SafeString | str:
    """Slot "checkout.addresses": a form for each saved address, which sends it to `action`, the
    checkout's step. Nothing for guests and empty address books."""
    if not isinstance(request.user, User):
        return ""
    addresses = list(queries.addresses_of(request.user.pk))
    if not addresses:
        return ""
    page = {"addresses": addresses, "action": action}
    return render_to_string("users/checkout_addresses.html", page, request=request)


def default_address(request: HttpRequest) -> SafeString | str:
    """Slot "checkout.default_address": the default address as hidden fields, for a form that begins a
    checkout. Nothing for guests and whoever has none."""
    if not isinstance(request.user, User):
        return ""
    address = queries.default_address_of(request.user.pk)
    return format_html_join("", HIDDEN, address.fields) if address else ""
