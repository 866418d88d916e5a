"""What notifications does when something happens elsewhere. Once an event, in one transaction,
but for sending, which is outside any.

All may see old events again (`replay`): each mail has one row for its occasion, which is then
there already. A rebuild after a loss of rows writes them anew and sends nothing; what was lost
unsent is for staff to resend.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from apps.notifications import operations
from apps.notifications.models import Notification, Refund
from apps.notifications.operations import News
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
class AwaitedArticle:
    title: str
    url: str
    subject: str
    email: str
    leave_url: str


@payload
class RequestedMail:
    notification_id: UUID


AboutOrder = KnownOrder | FailedOrder | CancelledOrder | ShippedOrder


# Orders -----------------------------------------------------------------------------------------
@subscribe("orders.created", batch=True, replay=True)
def remember(orders: Sequence[PlacedOrder]) -> None:
    operations.remember_orders(orders)


@subscribe("orders.confirmed", batch=True, replay=True)
def mail_confirmation(orders: Sequence[KnownOrder]) -> None:
    _mail_orders(Kind.ORDER_CONFIRMED, orders)


@subscribe("orders.failed", batch=True, replay=True)
def mail_failure(orders: Sequence[FailedOrder]) -> None:
    _mail_orders(Kind.ORDER_FAILED, orders)


@subscribe("orders.cancelled", batch=True, replay=True)
def mail_cancellation(orders: Sequence[CancelledOrder]) -> None:
    _mail_orders(Kind.ORDER_CANCELLED, orders)


@subscribe("orders.shipped", batch=True, replay=True)
def mail_shipping(orders: Sequence[ShippedOrder]) -> None:
    _mail_orders(Kind.ORDER_SHIPPED, orders)


@subscribe("orders.delivered", batch=True, replay=True)
def mail_delivery(orders: Sequence[KnownOrder]) -> None:
    _mail_orders(Kind.ORDER_DELIVERED, orders)


@subscribe("payments.refunded", batch=True, replay=True)
def mail_refunds(refunds: Sequence[ReturnedMoney], told: Sequence[Envelope]) -> None:
    operations.record_refunds(
        Refund(event_id=event.event_id, **asdict(refund))
        for refund, event in zip(refunds, told, strict=True)
    )


def _mail_orders(kind: str, orders: Sequence[AboutOrder]) -> None:
    news = [News(order_id=order.order_id, facts=asdict(order)) for order in orders]
    operations.mail_orders(kind=kind, news=news)


# Articles that somebody waited for ---------------------------------------------------------------
@subscribe("products.back_in_stock", replay=True, skip_erased=True)
def mail_return(article: AwaitedArticle, envelope: Envelope) -> None:
    facts = {"article": article.title, "url": article.url, "leave_url": article.leave_url}
    operations.mail_account(
        kind=Kind.BACK_IN_STOCK,
        occasion=envelope.event_id,
        whose=article.subject,
        recipient=article.email,
        facts=facts,
    )


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


# After a crash it is called again: which of the mails is then left alone, for a person, its row says.
@subscribe(
    "notifications.requested",
    external=True,
    batch=True,
    record=operations.record_sent,
    replay=True,
)
def send(
    mails: Sequence[RequestedMail], events: Sequence[Envelope]
) -> list[Notification | Exception | None]:
    requests = [(m.notification_id, e.event_id) for m, e in zip(mails, events, strict=True)]
    return operations.send(requests)
