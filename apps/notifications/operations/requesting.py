"""Asking for mails: each is written once, when the thing happens, and sent by a step of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.notifications import mails, queries
from apps.notifications.events import LinkExpired, NotificationRequested
from apps.notifications.models import FOR_STAFF, Notification, OrderInfo, Refund
from eventbus import publish

Kind, State = Notification.Kind, Notification.State


class Line(Protocol):
    """An ordered article."""

    @property
    def title(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def tax(self) -> Decimal: ...


@transaction.atomic
def remember_order(*, order_id: UUID, lines: Sequence[Line], **facts: Any) -> None:
    """Keep what mails about the order will say; `facts` are the other fields of OrderInfo.

    Refunds that were heard of before are mailed now. Said again, as in a rebuild, it fills in
    what an older version of this did not keep.
    """
    OrderInfo.objects.update_or_create(
        order_id=order_id, defaults={"lines": [_plain(line) for line in lines], **facts}
    )
    _mail_refunds(order_id)


def _plain(line: Line) -> dict[str, Any]:
    amounts = {name: str(getattr(line, name)) for name in ("unit_price", "discount", "tax")}
    return {"title": line.title, "quantity": line.quantity, **amounts}


@transaction.atomic
def record_refund(
    *, event_id: UUID, order_id: UUID, amount: Decimal, total_refunded: Decimal, currency: str
) -> None:
    """Mail that money went back, at once or as soon as the order is known."""
    facts = {"amount": amount, "total_refunded": total_refunded, "currency": currency}
    Refund.objects.get_or_create(event_id=event_id, defaults={"order_id": order_id, **facts})
    if OrderInfo.objects.filter(pk=order_id).exists():
        _mail_refunds(order_id)


def _mail_refunds(order_id: UUID) -> None:
    for refund in queries.refunds_of(order_id):
        mail_order(
            kind=Kind.PAYMENT_REFUNDED,
            order_id=order_id,
            occasion=refund.event_id,
            facts={"refund": refund},
        )


@transaction.atomic
def mail_order(
    *,
    kind: str,
    order_id: UUID,
    occasion: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Write a mail about the order to its customer and ask for it to be sent, in one commit;
    False when there is one for that kind and occasion (default: the order) already.

    When its recipient does without the kind, that is noted and nothing is sent. Raises
    OrderInfo.DoesNotExist when the order is not known; then nothing is written.
    """
    order = queries.order(order_id)
    return _write(
        kind=kind,
        occasion=occasion or order_id,
        recipient=order.email,
        facts={**(facts or {}), "order": order},
        order_id=order_id,
        whose=order.subject,
    )


@transaction.atomic
def mail_account(
    *, kind: str, occasion: UUID, whose: str, recipient: str, facts: Mapping[str, Any]
) -> bool:
    """The same to somebody about their account. When `facts` has an `expires_at`, what the mail
    says is wiped as soon as it was sent or that time has come, and it is not sent later."""
    return _write(
        kind=kind,
        occasion=occasion,
        recipient=recipient,
        facts={"email": recipient, **facts},
        whose=whose,
        expires_at=facts.get("expires_at"),
    )


@transaction.atomic
def mail_staff(
    *, kind: str, occasion: UUID, facts: Mapping[str, Any], order_id: UUID | None = None
) -> int:
    """The same to each address of STAFF_MAIL; says how many. An order that it is about need not
    be known yet. Its link, which opens it to whoever has it, is the customer's alone."""
    order = queries.known_order(order_id)
    facts = {**facts, "number": order.number if order else str(order_id)}
    asked = (
        _write(kind=kind, occasion=occasion, recipient=address, facts=facts, order_id=order_id)
        for address in settings.STAFF_MAIL
    )
    return sum(asked)


def _write(
    *, kind: str, occasion: UUID, recipient: str, facts: Mapping[str, Any], **fields: Any
) -> bool:
    whose, expires_at = fields.get("whose", ""), fields.get("expires_at")
    same = {"kind": kind, "occasion": occasion, "recipient": recipient}
    if Notification.objects.filter(**same).exists():
        return False  # without writing the mail a second time
    mail = mails.write(kind, whose=whose, facts=facts)
    content = {"subject": mail.subject, "text": mail.text, "html": mail.html}
    notification, is_new = Notification.objects.get_or_create(
        **same, defaults={**fields, **content}
    )
    if is_new:
        _pass_on(notification, expires_at)
    return is_new


def _pass_on(notification: Notification, expires_at: datetime | None) -> None:
    if not queries.is_wanted(kind=notification.kind, whose=notification.whose):
        notification.state = State.SKIPPED
        notification.save(update_fields=["state"])
    elif expires_at is not None and expires_at <= timezone.now():
        notification.state, notification.text, notification.html = State.EXPIRED, "", ""
        notification.save(update_fields=["state", "text", "html"])
    else:
        publish(request_of(notification), key=_key(notification))
        if expires_at is not None:
            late = LinkExpired(notification_id=notification.pk)
            publish(late, key=expiry_key(notification.pk), at=expires_at)


def request_of(notification: Notification) -> NotificationRequested:
    """The event that has the mail sent."""
    return NotificationRequested(
        notification_id=notification.pk, kind=notification.kind, order_id=notification.order_id
    )


def expiry_key(notification_id: UUID) -> str:
    """Not the mail's own: the end must not wait behind an attempt that has become a dead letter."""
    return f"expiry:{notification_id}"


def _key(notification: Notification) -> UUID:
    """Mails to an order's customer leave in the order of what happened; others wait for nobody."""
    if notification.kind in FOR_STAFF or notification.order_id is None:
        return notification.pk
    return notification.order_id
