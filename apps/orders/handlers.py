"""What orders does when something happens elsewhere. Once an event, in one transaction."""

from decimal import Decimal
from uuid import UUID

from apps.orders import operations
from apps.orders.models import TimelineEntry
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


@subscribe("inventory.reserved")
def note_reserved(order: OfOrder, told: Envelope) -> None:
    operations.record_step(
        order_id=order.order_id, event_id=told.event_id, at=told.occurred_at, kind=Kind.RESERVED
    )


@subscribe("inventory.released")
def note_released(order: OfOrder, told: Envelope) -> None:
    operations.record_step(
        order_id=order.order_id, event_id=told.event_id, at=told.occurred_at, kind=Kind.RELEASED
    )


@subscribe("inventory.failed")
def fail_sold_out(order: OutOfStock) -> None:
    operations.fail_sold_out(order_id=order.order_id, missing=order.missing)


@subscribe("payments.processed")
def confirm(paid: Paid, told: Envelope) -> None:
    card = {"brand": paid.brand, "last4": paid.last4}
    operations.confirm_order(
        order_id=paid.order_id, card=card, event_id=told.event_id, at=told.occurred_at
    )


@subscribe("payments.failed")
def fail_declined(order: Declined, told: Envelope) -> None:
    operations.fail_declined(
        order_id=order.order_id,
        message=order.message,
        decline_code=order.decline_code,
        at=told.occurred_at,
    )


@subscribe("payments.refunded")
def note_refund(refund: Refunded, told: Envelope) -> None:
    operations.record_refund(
        order_id=refund.order_id,
        amount=refund.amount,
        total_refunded=refund.total_refunded,
        currency=refund.currency,
        event_id=told.event_id,
        at=told.occurred_at,
    )


@subscribe("notifications.sent")
def note_mail(mail: Mailed, told: Envelope) -> None:
    if mail.order_id is not None:
        operations.record_step(
            order_id=mail.order_id,
            event_id=told.event_id,
            at=told.occurred_at,
            kind=Kind.MAILED,
            data={"kind": mail.kind},
        )


@subscribe("products.changed")
def learn_price(article: Article) -> None:
    operations.learn_price(
        sku=article.sku, price=article.price, version=article.version, active=article.active
    )


@subscribe("orders.payment_due")
def time_out(order: OfOrder) -> None:
    operations.time_out(order_id=order.order_id)
