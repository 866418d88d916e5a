"""What notifications puts into other apps' pages."""

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString


def account_link(request: HttpRequest) -> SafeString:
    """Slot "account.links": which mails one gets."""
    return render_to_string("notifications/account_link.html", request=request)
