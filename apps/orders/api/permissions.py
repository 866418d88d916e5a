"""Who of the staff may move orders on."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework_simplejwt.models import TokenUser


class ManagesOrders(BasePermission):
    """Staff with the permission that Django names "change order"; where people are known by their
    token alone, all staff."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return manages_orders(request.user)


def manages_orders(user: Any) -> bool:
    """Whether the user is such staff."""
    if not (user and user.is_staff):
        return False
    return isinstance(user, TokenUser) or bool(user.has_perm("orders.change_order"))
