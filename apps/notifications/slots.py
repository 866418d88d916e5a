"""What notifications puts into other apps' pages."""

from uuid import UUID

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def account_link(request: HttpRequest) -> SafeString:
    """Slot "account.links": which mails one gets."""
    return render_to_string("notifications/account_link.html", request=request)


def order_staff(request: HttpRequest, *, order_id: UUID) -> SafeString:
    """On the staff's page of an order: the way to its mails, for who may see them."""
    if not request.user.has_perm("notifications.view_notification"):
        return SafeString("")
    found = f"{reverse('admin:notifications_notification_changelist')}?order_id={order_id}"
    return format_html('<a class="button" href="{}">Mails</a> ', found)
