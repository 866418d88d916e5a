"""What payments does when something happens elsewhere, or when its own time has come."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.payments import calls, operations
from apps.payments.calls import Record
from eventbus import Envelope, payload, subscribe


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
    url: str = ""
    number: str = ""


@payload
class SomeOrder:
    """Which order an event is about."""

    order_id: UUID


@payload
class Asking:
    """The part of payments.outcome_due that the external step reads."""

    order_id: UUID
    number: int


@payload
class WantedRefund:
    """The part of payments.refund_requested that the external step reads."""

    refund_id: UUID
    number: int = 0


@payload
class WaitingWebhook:
    """The part of payments.webhook_due that the mock gateway reads."""

    webhook_id: UUID


@subscribe("orders.created", batch=True)
def note_orders(orders: Sequence[PlacedOrder]) -> None:
    operations.note_orders(orders)


@subscribe("inventory.reserved", batch=True)
def note_reservations(orders: Sequence[SomeOrder]) -> None:
    operations.note_reservations([order.order_id for order in orders])


@subscribe("orders.failed", "orders.cancelled", batch=True)
def end_payments(orders: Sequence[SomeOrder]) -> None:
    operations.end_payments([order.order_id for order in orders])


@subscribe("payments.requested", external=True, batch=True, record=operations.record_charges)
def charge(
    orders: Sequence[SomeOrder], told: Sequence[Envelope]
) -> list[operations.Asked | Exception | None]:
    return calls.charge(orders, after=[event.occurred_at for event in told])


@subscribe("payments.outcome_due", external=True)
def ask_again(asking: Asking, told: Envelope) -> Record:
    return calls.ask_again(order_id=asking.order_id, number=asking.number, at=told.occurred_at)


@subscribe("payments.refund_requested", external=True)
def refund(wanted: WantedRefund, told: Envelope) -> Record:
    return calls.refund(refund_id=wanted.refund_id, number=wanted.number, at=told.occurred_at)


@subscribe("payments.webhook_due", external=True)
def deliver_webhook(waiting: WaitingWebhook) -> None:
    calls.deliver_webhook(webhook_id=waiting.webhook_id)
