"""What inventory puts into other apps' pages."""

from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString


def order_staff(request: HttpRequest, *, order_id: UUID) -> SafeString:
    """On the staff's page of an order: the way to its hold, for who may see them."""
    if not request.user.has_perm("inventory.view_hold"):
        return SafeString("")
    found = f"{reverse('admin:inventory_hold_changelist')}?q={order_id}"
    return format_html('<a class="button" href="{}">Stock held</a> ', found)
