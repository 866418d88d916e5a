"""Sending mails, outside any transaction, and what became of each attempt."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.notifications import delivery, mails, queries
from apps.notifications.events import NotificationSent
from apps.notifications.models import FOR_STAFF, UNKNOWN_AFTER, Notification, Resend
from apps.notifications.operations.ending import expire_mail
from apps.notifications.operations.requesting import expiry_key, request_of
from eventbus import Retry, publish, unschedule

State = Notification.State
# What can be sent again; what is SKIPPED was not wanted, and of EXPIRED nothing is left to send.
TRIED = (State.FAILED, State.HELD, State.SENDING)


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
    """The mail server took the mail; False when that was recorded before. A mail with a link that
    is good once is then wiped."""
    sending = Notification.objects.filter(pk=notification_id, state=State.SENDING)
    if not sending.update(state=State.SENT, sent_at=timezone.now(), error=""):
        return False
    sent = Notification.objects.get(pk=notification_id)
    if sent.has_secret:
        Notification.objects.filter(pk=sent.pk).update(text="", html="")
        unschedule("notifications.link_expired", expiry_key(sent.pk))
    of_customer = None if sent.kind in FOR_STAFF else sent.order_id  # the shopper's timeline
    publish(
        NotificationSent(notification_id=sent.pk, kind=sent.kind, order_id=of_customer),
        key=of_customer or sent.pk,
    )
    return True


@transaction.atomic
def resend(*, notification_id: UUID, by: str) -> bool:
    """Ask for one more attempt and note who did; False while an attempt is being made, when the
    mail is not wanted, and when its link is gone.

    The request has a key of its own, so that it does not wait behind the dead letter that it
    stands in for; retrying that one afterwards sends nothing more.
    """
    notification = Notification.objects.select_for_update().get(pk=notification_id)
    if not _can_be_sent(notification):
        return False
    Resend.objects.create(notification=notification, by=by, before=notification.state)
    Notification.objects.filter(pk=notification_id).update(state=State.REQUESTED)
    publish(request_of(notification), key=notification.pk)
    return True


def retry(*, notification_id: UUID, by: str) -> bool:
    """As `resend`, but False for a mail that the mail server has taken or was never given."""
    tried = Notification.objects.filter(pk=notification_id, state__in=TRIED)
    return tried.exists() and resend(notification_id=notification_id, by=by)


def _can_be_sent(notification: Notification) -> bool:
    running = notification.state == State.SENDING and not notification.is_unknown
    return not running and bool(notification.text) and _is_wanted(notification)


def _is_wanted(notification: Notification) -> bool:
    return queries.is_wanted(kind=notification.kind, whose=notification.whose)


def _begin(*, notification_id: UUID) -> Notification | None:
    """Note the attempt, by one statement and before anything else: a process that dies earlier
    leaves a mail that waits for a person although it was certainly not sent."""
    ready = Notification.objects.filter(
        pk=notification_id, state__in=[State.REQUESTED, State.FAILED]
    )
    due = queries.worth_sending(ready)
    begun = due.update(state=State.SENDING, attempts=F("attempts") + 1, begun_at=timezone.now())
    notification = Notification.objects.get(pk=notification_id)
    if begun:
        return notification
    if notification.state in (State.SENT, State.SKIPPED, State.EXPIRED) or _left_out(notification):
        return None
    if not notification.is_unknown:  # or it has just ended
        raise Retry("Another attempt is being made.", after=UNKNOWN_AFTER)
    Notification.objects.filter(pk=notification_id).update(state=State.HELD)
    raise delivery.OutcomeUnknown


def _left_out(notification: Notification) -> bool:
    """Whether it is not sent because nobody wants it by now, or because its time is over."""
    if notification.state not in (State.REQUESTED, State.FAILED):
        return False
    if not _is_wanted(notification):
        Notification.objects.filter(pk=notification.pk).update(state=State.SKIPPED)
        return True
    if notification.expires_at and notification.expires_at <= timezone.now():
        expire_mail(notification_id=notification.pk)
        return True
    return False


def _give_up(*, notification_id: UUID, state: str, error: str) -> None:
    sending = Notification.objects.filter(pk=notification_id, state=State.SENDING)
    sending.update(state=state, error=error)


def _message(notification: Notification) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=notification.subject,
        body=notification.text,
        to=[notification.recipient],
        headers=mails.headers(notification.kind, whose=notification.whose),
    )
    message.attach_alternative(notification.html, "text/html")
    return message
