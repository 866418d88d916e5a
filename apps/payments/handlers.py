"""What payments does when something happens elsewhere. Once an event, in one transaction."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.payments import calls, operations
from eventbus import payload, subscribe


@payload
class PlacedOrder:
    """The part of orders.created that payments reads."""

    order_id: UUID
    owner: str
    total: Decimal
    currency: str
    payment_method: str
    placed_at: datetime
    pay_before: datetime


@payload
class SomeOrder:
    """Which order an event is about."""

    order_id: UUID


@payload
class WantedRefund:
    """The part of payments.refund_requested that the external step reads."""

    refund_id: UUID


@subscribe("orders.created")
def note_order(order: PlacedOrder) -> None:
    operations.note_order(
        order_id=order.order_id, owner=order.owner, amount=order.total, currency=order.currency,
        token=order.payment_method, placed_at=order.placed_at, pay_before=order.pay_before,
    )  # fmt: skip


@subscribe("inventory.reserved")
def note_reservation(order: SomeOrder) -> None:
    operations.note_reservation(order_id=order.order_id)


@subscribe("orders.failed", "orders.cancelled")
def end_payment(order: SomeOrder) -> None:
    operations.end_payment(order_id=order.order_id)


@subscribe("payments.requested", external=True)
def charge(order: SomeOrder) -> Callable[[], object]:
    return calls.charge(order_id=order.order_id)


@subscribe("payments.refund_requested", external=True)
def refund(wanted: WantedRefund) -> Callable[[], object]:
    return calls.refund(refund_id=wanted.refund_id)
