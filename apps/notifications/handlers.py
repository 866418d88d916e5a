"""What notifications does when something happens elsewhere. Once an event, in one transaction,
but for sending, which is outside any.

All may see old events again (`replay`): each mail has one row for its occasion, which is then
there already. A rebuild after a loss of rows writes them anew and sends nothing; what was lost
unsent is for staff to resend.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
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
    discount: Decimal = Decimal(0)  # of the line, part of the order's
    tax: Decimal = Decimal(0)  # of the line, included


@payload
class PlacedOrder:
    """What mails say about an order."""

    order_id: UUID
    number: str
    email: str
    subject: str
    url: str
    lines: tuple[OrderedLine, ...]
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    currency: str
    coupon: str | None = None


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
class KeptMoney:
    order_id: UUID
    amount: Decimal
    currency: str
    message: str


@payload
class ScarceArticle:
    sku: str
    available: int  # units
    threshold: int  # units


@payload
class MailedLink:
    """Somebody is to be sent a link. The name is left out on purpose: whoever signs up with the
    address of another could put words in our mouth."""

    subject: str
    email: str
    url: str
    expires_at: datetime


@payload
class MovedAccount:
    subject: str
    previous: str


@payload
class NewPassword:
    subject: str
    email: str
    url: str


@payload
class RequestedMail:
    notification_id: UUID


# Orders -----------------------------------------------------------------------------------------
@subscribe("orders.created", replay=True)
def remember(order: PlacedOrder) -> None:
    facts = {field: getattr(order, field) for field in PlacedOrder.__dataclass_fields__}
    operations.remember_order(**facts | {"coupon": order.coupon or ""})


@subscribe("orders.confirmed", replay=True)
def mail_confirmation(order: KnownOrder) -> None:
    operations.mail_order(kind=Kind.ORDER_CONFIRMED, order_id=order.order_id)


@subscribe("orders.failed", replay=True)
def mail_failure(order: FailedOrder) -> None:
    operations.mail_order(kind=Kind.ORDER_FAILED, order_id=order.order_id, facts=asdict(order))


@subscribe("orders.cancelled", replay=True)
def mail_cancellation(order: CancelledOrder) -> None:
    operations.mail_order(kind=Kind.ORDER_CANCELLED, order_id=order.order_id, facts=asdict(order))


@subscribe("orders.shipped", replay=True)
def mail_shipping(order: ShippedOrder) -> None:
    operations.mail_order(kind=Kind.ORDER_SHIPPED, order_id=order.order_id, facts=asdict(order))


@subscribe("orders.delivered", replay=True)
def mail_delivery(order: KnownOrder) -> None:
    operations.mail_order(kind=Kind.ORDER_DELIVERED, order_id=order.order_id)


@subscribe("payments.refunded", replay=True)
def mail_refund(refund: ReturnedMoney, envelope: Envelope) -> None:
    operations.record_refund(event_id=envelope.event_id, **asdict(refund))


# Accounts. Of people who were erased, nobody is told anything. ----------------------------------
@subscribe("users.verification_requested", replay=True, skip_erased=True)
def mail_verification(link: MailedLink, envelope: Envelope) -> None:
    _mail_account(Kind.EMAIL_VERIFICATION, envelope, link.email, asdict(link))


@subscribe("users.password_reset_requested", replay=True, skip_erased=True)
def mail_reset(link: MailedLink, envelope: Envelope) -> None:
    _mail_account(Kind.PASSWORD_RESET, envelope, link.email, asdict(link))


@subscribe("users.email_changed", replay=True, skip_erased=True)
def mail_old_address(account: MovedAccount, envelope: Envelope) -> None:
    _mail_account(Kind.EMAIL_CHANGED, envelope, account.previous, asdict(account))


@subscribe("users.password_changed", replay=True, skip_erased=True)
def mail_new_password(account: NewPassword, envelope: Envelope) -> None:
    _mail_account(Kind.PASSWORD_CHANGED, envelope, account.email, asdict(account))


def _mail_account(kind: str, told: Envelope, recipient: str, facts: dict[str, Any]) -> None:
    whose = facts.pop("subject")
    operations.mail_account(
        kind=kind, occasion=told.event_id, whose=whose, recipient=recipient, facts=facts
    )


# Staff ------------------------------------------------------------------------------------------
@subscribe("inventory.low_stock", replay=True)
def mail_low_stock(article: ScarceArticle, envelope: Envelope) -> None:
    operations.mail_staff(kind=Kind.LOW_STOCK, occasion=envelope.event_id, facts=asdict(article))


@subscribe("payments.refund_failed", replay=True)
def mail_failed_refund(money: KeptMoney, envelope: Envelope) -> None:
    operations.mail_staff(
        kind=Kind.REFUND_FAILED,
        occasion=envelope.event_id,
        order_id=money.order_id,
        facts=asdict(money),
    )


# Our own step -----------------------------------------------------------------------------------
@subscribe("notifications.link_expired", replay=True)
def wipe(mail: RequestedMail) -> None:
    operations.expire_mail(notification_id=mail.notification_id)


@subscribe("notifications.requested", external=True, on_crash="hold", replay=True)
def send(mail: RequestedMail) -> Callable[[], object] | None:
    return operations.send(notification_id=mail.notification_id)
