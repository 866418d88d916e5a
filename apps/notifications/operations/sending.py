"""Sending mails, outside any transaction, and what became of each attempt."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
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

logger = logging.getLogger("notifications")

State = Notification.State
READY = (State.REQUESTED, State.FAILED)
ENDED = (State.SENT, State.HELD, State.SKIPPED, State.EXPIRED)  # unless a person has it sent again
# What can be sent again; what is SKIPPED was not wanted, and of EXPIRED nothing is left to send.
TRIED = (State.FAILED, State.HELD, State.SENDING)


def send(requests: Sequence[tuple[UUID, UUID]]) -> list[Notification | Exception | None]:
    """Send the mails over one connection, outside any transaction; each comes with the id of the
    event that asks for it. For each the mail that was taken, for `record_sent`, None when there is
    nothing to do, or the exception with which that one failed: NotDelivered (try again), Retry
    (another attempt runs, or the connection broke before its turn).

    There is nothing to do either for a mail of which nobody knows whether the server has it: it is
    HELD, for a person to resend or to let be, and its order's next mails go out meanwhile.

    Every attempt is committed just before it is made, not with those of the others, and is made at
    most once; and that the server took a mail is noted before the next one is begun. So a process
    that dies leaves one mail unknown, the one under way: those before it are known to be sent,
    those after it not to have been begun. The bus may call again for all of them, and makes the call
    of an event once at a time: a mail that its own event has begun and not ended is that one, and is
    held for a person at once.

    A process that lives on, but without the lock that makes its call its own (its connection to the
    database broke), is not told from a dead one: its mail is held though it may yet be taken.
    """
    found = Notification.objects.in_bulk([notification_id for notification_id, _ in requests])
    results: list[Notification | Exception | None] = []
    with delivery.MailServer() as server:
        for count, (notification_id, event_id) in enumerate(requests, start=1):
            try:
                taken = _send(found.get(notification_id), notification_id, event_id, server)
            except Exception as error:  # this one's, and no other's
                results.append(error)
                continue
            results.append(taken)
            if taken and count < len(requests):  # the last is recorded right away
                with suppress(DatabaseError):  # the result is here, and may yet be recorded
                    _note_taken(notification_id)
    return results


def _send(
    notification: Notification | None,
    notification_id: UUID,
    event_id: UUID,
    server: delivery.MailServer,
) -> Notification | None:
    if server.is_lost:
        raise Retry("The connection to the mail server broke before its turn.")
    if notification is None or not _begin(notification, event_id):
        return _instead(notification_id, event_id)
    try:
        server.deliver(_message(notification))
    except delivery.NotDelivered as error:
        _give_up(notification_id, State.FAILED, error.reason)
        raise
    except delivery.OutcomeUnknown as error:
        _give_up(notification_id, State.HELD, error.reason)
        _tell_of(notification_id)
        return None
    return notification


@transaction.atomic(savepoint=False)
def record_sent(notifications: Iterable[Notification]) -> int:
    """The mail server took the mails; says of how many that was not recorded before. A mail with a
    link that is good once is then wiped.

    One that was resent is not asked for under its order's key: where it is among others, the bus
    cannot tell what caused which and has them recorded one by one.
    """
    mails = {mail.pk: mail for mail in notifications}
    sending = Notification.objects.filter(pk__in=mails, state=State.SENDING)
    ids = list(sending.order_by("pk").select_for_update().values_list("pk", flat=True))
    taken = [mails[pk] for pk in ids]
    _sending(ids).update(state=State.SENT, sent_at=timezone.now(), error="")
    _wipe([mail.pk for mail in taken if mail.has_secret])
    for mail in taken:
        of_customer = None if mail.kind in FOR_STAFF else mail.order_id  # the shopper's timeline
        sent = NotificationSent(notification_id=mail.pk, kind=mail.kind, order_id=of_customer)
        publish(sent, key=of_customer or mail.pk)
    return len(taken)


def _wipe(ids: Sequence[UUID]) -> None:
    if ids:
        Notification.objects.filter(pk__in=ids).update(text="", html="")
        unschedule("notifications.link_expired", *map(expiry_key, ids))


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


def _begin(notification: Notification, event_id: UUID) -> bool:
    """Note the attempt, by one statement and before anything else: a process that dies earlier
    leaves a mail that waits for a person although it was certainly not sent. False when it is not
    to be made."""
    due = Notification.objects.filter(pk=notification.pk, state__in=READY)
    if notification.kind in OPTIONAL or notification.expires_at:
        due = queries.worth_sending(due)
    begun = {"state": State.SENDING, "begun_at": timezone.now(), "begun_by": event_id}
    return due.update(attempts=F("attempts") + 1, sent_at=None, **begun) == 1


def _note_taken(notification_id: UUID) -> None:
    _sending([notification_id]).update(sent_at=timezone.now())


def _instead(notification_id: UUID, event_id: UUID) -> Notification | None:
    """What there is to do for a mail whose attempt is not to be made."""
    notification = Notification.objects.get(pk=notification_id)
    if notification.state in ENDED or _left_out(notification):
        return None
    if notification.state == State.SENDING and notification.sent_at:
        return notification  # a process died before that was recorded
    died = notification.begun_by == event_id  # its call was made before, and is made no more
    if not (died or notification.is_unknown):  # or it has just ended
        raise Retry("Another attempt is being made.", after=UNKNOWN_AFTER)
    if _sending([notification_id]).update(state=State.HELD):
        _tell_of(notification_id)
    return None


def _tell_of(notification_id: UUID) -> None:
    logger.error("mail %s is held: nobody knows whether the server has it", notification_id)


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
    _sending([notification_id]).update(state=state, error=error)


def _sending(ids: Sequence[UUID]) -> QuerySet[Notification]:
    return Notification.objects.filter(pk__in=ids, state=State.SENDING)


def _message(notification: Notification) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=notification.subject,
        body=notification.text,
        to=[notification.recipient],
        headers=mails.headers(notification.kind, whose=notification.whose),
    )
    message.attach_alternative(notification.html, "text/html")
    return message
