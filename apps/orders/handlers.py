"""What orders does when something happens elsewhere. Once an event, in one transaction; where
orders meet, for many at once."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from apps.orders import operations
from apps.orders.models import TimelineEntry
from apps.orders.operations import Decline, Told
from eventbus import Envelope, payload, subscribe

Kind = TimelineEntry.Kind


@payload
class OfOrder:
    """Any event of an order."""

    order_id: UUID


@payload
class Short:
    """One article of which too little was left."""

    sku: str
    wanted: int
    available: int


@payload
class OutOfStock:
    """The part of inventory.failed that orders reads."""

    order_id: UUID
    missing: tuple[Short, ...]


@payload
class Paid:
    """The part of payments.processed that orders reads."""

    order_id: UUID
    brand: str
    last4: str


@payload
class Declined:
    """The part of payments.failed that orders reads."""

    order_id: UUID
    decline_code: str | None
    message: str


@payload
class Refunded:
    """The part of payments.refunded that orders reads."""

    order_id: UUID
    amount: Decimal
    total_refunded: Decimal
    currency: str


@payload
class Challenged:
    """The part of payments.action_required that orders reads."""

    order_id: UUID
    url: str
    expires_at: datetime


@payload
class Owed:
    """The part of payments.refund_failed that orders reads."""

    order_id: UUID
    amount: Decimal
    currency: str
    message: str


@payload
class Mailed:
    """The part of notifications.sent that orders reads."""

    kind: str
    order_id: UUID | None


@payload
class Article:
    """The part of products.changed that orders reads."""

    sku: str
    price: Decimal
    version: int
    active: bool


@payload
class Sweep:
    """The part of orders.sweep_due that orders reads."""

    at: datetime


class OrderNamed(Protocol):
    """What every view of an order's event has."""

    @property
    def order_id(self) -> UUID: ...


def told(view: OrderNamed, event: Envelope, **data: Any) -> Told:
    """The event, as the timeline keeps it."""
    return Told(order_id=view.order_id, event_id=event.event_id, at=event.occurred_at, data=data)


@subscribe("inventory.reserved", batch=True)
def note_reserved(orders: Sequence[OfOrder], events: Sequence[Envelope]) -> None:
    operations.record_steps(Kind.RESERVED, list(map(told, orders, events)))


@subscribe("inventory.released", batch=True)
def note_released(orders: Sequence[OfOrder], events: Sequence[Envelope]) -> None:
    operations.record_steps(Kind.RELEASED, list(map(told, orders, events)))


@subscribe("inventory.failed", batch=True)
def fail_sold_out(orders: Sequence[OutOfStock]) -> None:
    operations.fail_sold_out({order.order_id: order.missing for order in orders})


@subscribe("payments.processed", batch=True)
def confirm(payments: Sequence[Paid], events: Sequence[Envelope]) -> None:
    operations.confirm_orders(
        [
            told(paid, event, brand=paid.brand, last4=paid.last4)
            for paid, event in zip(payments, events, strict=True)
        ]
    )


@subscribe("payments.failed", batch=True)
def fail_declined(declines: Sequence[Declined], events: Sequence[Envelope]) -> None:
    operations.fail_declined(
        Decline(
            order_id=order.order_id,
            message=order.message,
            decline_code=order.decline_code,
            at=event.occurred_at,
        )
        for order, event in zip(declines, events, strict=True)
    )


@subscribe("payments.action_required")
def note_challenge(challenge: Challenged, event: Envelope) -> None:
    expires_at = challenge.expires_at.isoformat()
    step = told(challenge, event, url=challenge.url, expires_at=expires_at)
    operations.record_steps(Kind.ACTION_REQUIRED, [step])


@subscribe("payments.refunded")
def note_refund(refund: Refunded, event: Envelope) -> None:
    step = told(refund, event, amount=str(refund.amount), currency=refund.currency)
    operations.record_refund(step, total=refund.total_refunded)


@subscribe("payments.refund_failed")
def note_failed_refund(owed: Owed, event: Envelope) -> None:
    data = {"amount": str(owed.amount), "currency": owed.currency, "message": owed.message}
    operations.record_steps(Kind.REFUND_FAILED, [told(owed, event, **data)])


@subscribe("notifications.sent", batch=True)
def note_mails(mails: Sequence[Mailed], events: Sequence[Envelope]) -> None:
    operations.record_steps(
        Kind.MAILED,
        [
            Told(
                order_id=mail.order_id,
                event_id=event.event_id,
                at=event.occurred_at,
                data={"kind": mail.kind},
            )
            for mail, event in zip(mails, events, strict=True)
            if mail.order_id is not None
        ],
    )


@subscribe("products.changed")
def learn_price(article: Article) -> None:
    operations.learn_price(
        sku=article.sku, price=article.price, version=article.version, active=article.active
    )


@subscribe("orders.payment_due", batch=True)
def time_out(orders: Sequence[OfOrder]) -> None:
    operations.time_out(order.order_id for order in orders)


@subscribe("orders.sweep_due")
def sweep(due: Sweep) -> None:
    operations.sweep_on_time()
    operations.forget_answers()
    operations.forget_drafts()
