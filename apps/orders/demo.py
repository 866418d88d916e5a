"""The orders that the demo shop had before: placed and moved as shoppers and staff do it."""

from collections import Counter
from collections.abc import Collection, Mapping
from uuid import UUID

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.operations import Address

BY = "demo"


def count() -> int:
    """Of all orders that there are."""
    return Order.objects.count()


def has_others(*, but: Collection[str]) -> bool:
    """Whether somebody has ordered whose e-mail address is none of those."""
    return Order.objects.exclude(email__in=but).exists()


def statuses() -> dict[str, int]:
    """Orders by status."""
    return dict(sorted(Counter(Order.objects.values_list("status", flat=True)).items()))


def place(
    *, quote: str, owner: str, email: str, address: Mapping[str, str], payment_method: str
) -> UUID:
    """A PENDING order from the cart's quote; its id. Raises what `place_order` raises."""
    placed = operations.place_order(
        quote=quote,
        owner=owner,
        email=email,
        address=Address(**address),
        payment_method=payment_method,
    )
    return placed.order.pk


def retry(*, order_id: UUID, payment_method: str) -> UUID:
    """Pay a failed order again; the new order's id."""
    return operations.retry_order(order_id=order_id, payment_method=payment_method).order.pk


def cancel(*, order_id: UUID, by: str, reason: str = "") -> bool:
    """By "customer" or "staff"; False when it cannot be cancelled (any more)."""
    return operations.cancel_order(
        order_id=order_id, by=by, reason=reason, actor=BY if by == "staff" else ""
    )


def ship(*, order_id: UUID, carrier: str, tracking: str) -> bool:
    """False when it is not CONFIRMED."""
    return operations.ship_order(order_id=order_id, carrier=carrier, tracking=tracking, actor=BY)


def deliver(*, order_id: UUID) -> bool:
    """False when it is not SHIPPED."""
    return operations.deliver_order(order_id=order_id, actor=BY)
