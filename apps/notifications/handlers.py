"""What notifications does when something happens elsewhere. Once an event, in one transaction,
but for sending, which is outside any."""

from collections.abc import Callable
from dataclasses import asdict
from decimal import Decimal
from uuid import UUID

from apps.notifications import operations
from apps.notifications.models import Notification
from eventbus import Envelope, payload, subscribe

Kind = Notification.Kind


@payload
class OrderedLine:
    title: str
    quantity: int  # units, 1 or more
    unit_price: Decimal


@payload
class PlacedOrder:
    """What mails say about an order."""

    order_id: UUID
    number: str
    email: str
    url: str
    lines: tuple[OrderedLine, ...]
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    currency: str


@payload
class KnownOrder:
    order_id: UUID


@payload
class MissingLine:
    title: str
    wanted: int  # units
    available: int  # units


@payload
class FailedOrder:
    order_id: UUID
    reason: str
    message: str
    missing: tuple[MissingLine, ...]


@payload
class CancelledOrder:
    order_id: UUID
    by: str
    reason: str


@payload
class ShippedOrder:
    order_id: UUID
    carrier: str
    tracking: str


@payload
class ReturnedMoney:
    order_id: UUID
    amount: Decimal
    total_refunded: Decimal
    currency: str


@payload
class RequestedMail:
    notification_id: UUID


@subscribe("orders.created")
def remember(order: PlacedOrder) -> None:
    facts = {field: getattr(order, field) for field in PlacedOrder.__dataclass_fields__}
    operations.remember_order(**facts)


@subscribe("orders.confirmed")
def mail_confirmation(order: KnownOrder) -> None:
    operations.request_mail(kind=Kind.ORDER_CONFIRMED, order_id=order.order_id)


@subscribe("orders.failed")
def mail_failure(order: FailedOrder) -> None:
    operations.request_mail(kind=Kind.ORDER_FAILED, order_id=order.order_id, facts=asdict(order))


@subscribe("orders.cancelled")
def mail_cancellation(order: CancelledOrder) -> None:
    operations.request_mail(kind=Kind.ORDER_CANCELLED, order_id=order.order_id, facts=asdict(order))


@subscribe("orders.shipped")
def mail_shipping(order: ShippedOrder) -> None:
    operations.request_mail(kind=Kind.ORDER_SHIPPED, order_id=order.order_id, facts=asdict(order))


@subscribe("payments.refunded")
def mail_refund(refund: ReturnedMoney, envelope: Envelope) -> None:
    operations.record_refund(event_id=envelope.event_id, **asdict(refund))


@subscribe("notifications.requested", external=True, on_crash="hold")
def send(mail: RequestedMail) -> Callable[[], object] | None:
    return operations.send(notification_id=mail.notification_id)
