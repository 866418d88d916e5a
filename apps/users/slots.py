"""What users puts into other apps' pages."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString


def header(request: HttpRequest) -> SafeString:
    """Slot "header": "Sign in", or the name and "Sign out"."""
    return render_to_string("users/header.html", {"next": _come_back_to(request)}, request=request)


def _come_back_to(request: HttpRequest) -> str:
    """Where signing in leads back to: this page, unless it is one that cannot be visited again
    or has to do with signing in itself."""
    own = request.path in (reverse("users:login"), reverse("users:signup"))
    return "" if own or request.method != "GET" else request.get_full_path()
