"""Every write of the notifications context.

The handlers of one order's events run one after the other (its id is their key), so what is
read here cannot change meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.notifications import delivery, mails, queries
from apps.notifications.events import NotificationRequested, NotificationSent
from apps.notifications.models import UNKNOWN_AFTER, Notification, OrderInfo, Refund, Resend
from eventbus import Retry, publish

Kind, State = Notification.Kind, Notification.State


class Line(Protocol):
    """An ordered article."""

    @property
    def title(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...


@transaction.atomic
def remember_order(*, order_id: UUID, lines: Sequence[Line], **facts: Any) -> None:
    """Keep what mails about the order will say; `facts` are the other fields of OrderInfo.

    Refunds that were heard of before are mailed now.
    """
    plain = [
        {"title": line.title, "quantity": line.quantity, "unit_price": str(line.unit_price)}
        for line in lines
    ]
    OrderInfo.objects.get_or_create(order_id=order_id, defaults={"lines": plain, **facts})
    _mail_refunds(order_id)


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
        request_mail(
            kind=Kind.PAYMENT_REFUNDED,
            order_id=order_id,
            occasion=refund.event_id,
            facts={"refund": refund},
        )


@transaction.atomic
def request_mail(
    *,
    kind: str,
    order_id: UUID,
    occasion: UUID | None = None,
    facts: Mapping[str, Any] | None = None,
) -> bool:
    """Write a mail about the order and ask for it to be sent, in one commit; False when there
    is one for that kind and occasion (default: the order) already.

    Raises OrderInfo.DoesNotExist when the order is not known; then nothing is written.
    """
    order = queries.order(order_id)
    mail = mails.write(kind, order=order, facts=facts or {})
    content = {"subject": mail.subject, "text": mail.text, "html": mail.html}
    notification, is_new = Notification.objects.get_or_create(
        kind=kind,
        occasion=occasion or order_id,
        defaults={"order_id": order_id, "recipient": order.email, **content},
    )
    if is_new:
        publish(_request(notification), key=order_id)
    return is_new


def send(*, notification_id: UUID) -> Callable[[], object] | None:
    """Send the mail, outside any transaction; returns what records that it is sent, or None
    when it was sent before.

    Every attempt is committed before it is made and is made at most once: raises NotDelivered
    (try again), OutcomeUnknown (never again without a person), and Retry while another attempt
    runs.
    """
    notification = _begin(notification_id=notification_id)
    if notification is None:
        return None
    try:
        delivery.deliver(_message(notification))
    except delivery.NotDelivered as error:
        _give_up(notification_id=notification_id, state=State.FAILED, error=error.reason)
        raise
    except delivery.OutcomeUnknown as error:
        _give_up(notification_id=notification_id, state=State.HELD, error=error.reason)
        raise
    return partial(record_sent, notification_id=notification_id)


@transaction.atomic
def record_sent(*, notification_id: UUID) -> bool:
    """The mail server took the mail; False when that was recorded before."""
    sending = Notification.objects.filter(pk=notification_id, state=State.SENDING)
    if not sending.update(state=State.SENT, sent_at=timezone.now(), error=""):
        return False
    sent = Notification.objects.get(pk=notification_id)
    publish(
        NotificationSent(notification_id=sent.pk, kind=sent.kind, order_id=sent.order_id),
        key=sent.order_id or sent.pk,
    )
    return True


@transaction.atomic
def resend(*, notification_id: UUID, by: str) -> bool:
    """Ask for one more attempt and note who did; False while an attempt is being made.

    The request has a key of its own, so that it does not wait behind the dead letter that it
    stands in for; retrying that one afterwards sends nothing more.
    """
    notification = Notification.objects.select_for_update().get(pk=notification_id)
    if notification.state == State.SENDING and not notification.is_unknown:
        return False
    Resend.objects.create(notification=notification, by=by, before=notification.state)
    Notification.objects.filter(pk=notification_id).update(state=State.REQUESTED)
    publish(_request(notification), key=notification.pk)
    return True


def _begin(*, notification_id: UUID) -> Notification | None:
    ready = Notification.objects.filter(
        pk=notification_id, state__in=[State.REQUESTED, State.FAILED]
    )
    begun = ready.update(state=State.SENDING, attempts=F("attempts") + 1, begun_at=timezone.now())
    notification = Notification.objects.get(pk=notification_id)
    if begun:
        return notification
    if notification.state == State.SENT:
        return None
    if not notification.is_unknown:
        raise Retry("Another attempt is being made.", after=UNKNOWN_AFTER)
    Notification.objects.filter(pk=notification_id).update(state=State.HELD)
    raise delivery.OutcomeUnknown


def _give_up(*, notification_id: UUID, state: str, error: str) -> None:
    sending = Notification.objects.filter(pk=notification_id, state=State.SENDING)
    sending.update(state=state, error=error)


def _message(notification: Notification) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=notification.subject, body=notification.text, to=[notification.recipient]
    )
    message.attach_alternative(notification.html, "text/html")
    return message


def _request(notification: Notification) -> NotificationRequested:
    return NotificationRequested(
        notification_id=notification.pk, kind=notification.kind, order_id=notification.order_id
    )
