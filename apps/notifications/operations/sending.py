"""Sending mails, outside any transaction, and what became of each attempt."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from uuid import UUID

from django.core.mail import EmailMultiAlternatives
from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from apps.notifications import delivery, mails, queries
from apps.notifications.events import NotificationSent
from apps.notifications.models import FOR_STAFF, OPTIONAL, UNKNOWN_AFTER, Notification, Resend
from apps.notifications.operations.ending import expire_mail
from apps.notifications.operations.requesting import expiry_key, request_of
from eventbus import Retry, publish, unschedule

Record = Callable[[], object] | None
State = Notification.State
READY = (State.REQUESTED, State.FAILED)
# What can be sent again; what is SKIPPED was not wanted, and of EXPIRED nothing is left to send.
TRIED = (State.FAILED, State.HELD, State.SENDING)


def send(notification_ids: Sequence[UUID]) -> list[Record | Exception]:
    """Send the mails over one connection, outside any transaction; for each what records that it
    is sent, None when there is nothing to do, or the exception with which that one failed:
    NotDelivered (try again), OutcomeUnknown (never again without a person), Retry (another
    attempt runs, or the connection broke before its turn).

    Every attempt is committed just before it is made, not with those of the others, and is made at
    most once; and that the server took a mail is noted before the next one is begun. So a process
    that dies leaves one mail unknown, the one under way: those before it are known to be sent,
    those after it not to have been begun. The bus may call again for all of them.
    """
    found = Notification.objects.in_bulk(notification_ids)
    results: list[Record | Exception] = []
    with delivery.MailServer() as server:
        for count, notification_id in enumerate(notification_ids, start=1):
            try:
                record = _send(found.get(notification_id), notification_id, server)
            except Exception as error:  # this one's, and no other's
                results.append(error)
                continue
            results.append(record)
            if record and count < len(notification_ids):  # the last is recorded right away
                with suppress(DatabaseError):  # the result is here, and may yet be recorded
                    _note_taken(notification_id)
    return results


def _send(
    notification: Notification | None, notification_id: UUID, server: delivery.MailServer
) -> Record:
    if server.is_lost:
        raise Retry("The connection to the mail server broke before its turn.")
    if notification is None or not _begin(notification):
        return _instead(notification_id)
    try:
        server.deliver(_message(notification))
    except delivery.NotDelivered as error:
        _give_up(notification_id, State.FAILED, error.reason)
        raise
    except delivery.OutcomeUnknown as error:
        _give_up(notification_id, State.HELD, error.reason)
        raise
    return partial(record_sent, notification)


@transaction.atomic(savepoint=False)
def record_sent(notification: Notification) -> bool:
    """The mail server took the mail; False when that was recorded before. A mail with a link that
    is good once is then wiped."""
    wiped = {"text": "", "html": ""} if notification.has_secret else {}
    taken = _sending(notification.pk)
    if not taken.update(state=State.SENT, sent_at=timezone.now(), error="", **wiped):
        return False
    if notification.has_secret:
        unschedule("notifications.link_expired", expiry_key(notification.pk))
    # The shopper's timeline
    of_customer = None if notification.kind in FOR_STAFF else notification.order_id
    sent = NotificationSent(
        notification_id=notification.pk, kind=notification.kind, order_id=of_customer
    )
    publish(sent, key=of_customer or notification.pk)
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


def _begin(notification: Notification) -> bool:
    """Note the attempt, by one statement and before anything else: a process that dies earlier
    leaves a mail that waits for a person although it was certainly not sent. False when it is not
    to be made."""
    due = Notification.objects.filter(pk=notification.pk, state__in=READY)
    if notification.kind in OPTIONAL or notification.expires_at:
        due = queries.worth_sending(due)
    begun = {"state": State.SENDING, "begun_at": timezone.now(), "sent_at": None}
    return due.update(attempts=F("attempts") + 1, **begun) == 1


def _note_taken(notification_id: UUID) -> None:
    _sending(notification_id).update(sent_at=timezone.now())


def _instead(notification_id: UUID) -> Record:
    """What there is to do for a mail whose attempt is not to be made."""
    notification = Notification.objects.get(pk=notification_id)
    if notification.state in (State.SENT, State.SKIPPED, State.EXPIRED) or _left_out(notification):
        return None
    if notification.state == State.SENDING and notification.sent_at:
        return partial(record_sent, notification)  # a process died before it could
    if not notification.is_unknown:  # or it has just ended
        raise Retry("Another attempt is being made.", after=UNKNOWN_AFTER)
    Notification.objects.filter(pk=notification_id).update(state=State.HELD)
    raise delivery.OutcomeUnknown


def _left_out(notification: Notification) -> bool:
    """Whether it is not sent because nobody wants it by now, or because its time is over."""
    if notification.state not in READY:
        return False
    if not _is_wanted(notification):
        Notification.objects.filter(pk=notification.pk).update(state=State.SKIPPED)
        return True
    if notification.expires_at and notification.expires_at <= timezone.now():
        expire_mail(notification_id=notification.pk)
        return True
    return False


def _give_up(notification_id: UUID, state: str, error: str) -> None:
    _sending(notification_id).update(state=state, error=error)


def _sending(notification_id: UUID) -> QuerySet[Notification]:
    return Notification.objects.filter(pk=notification_id, state=State.SENDING)


def _message(notification: Notification) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=notification.subject,
        body=notification.text,
        to=[notification.recipient],
        headers=mails.headers(notification.kind, whose=notification.whose),
    )
    message.attach_alternative(notification.html, "text/html")
    return message
