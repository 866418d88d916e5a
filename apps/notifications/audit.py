"""What must hold of the mails by themselves, and the facts that the shop compares with those of
the other contexts; read by `manage.py check_invariants` (docs/invariants.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, QuerySet

from apps.notifications.models import MailboxMessage, Notification, OrderInfo, Resend

type Found = Iterator[tuple[str, list[str], list[tuple[str, str]]]]  # words, keys, rows

CHUNK = 500  # rows in memory at once
State = Notification.State
ENDED = (State.SENT, State.SKIPPED, State.EXPIRED)


# Facts, in the order of their first field ---------------------------------------------------------
def mails() -> Iterator[Mapping[str, Any]]:
    """Every mail about an order."""
    about = Notification.objects.filter(order_id__isnull=False).order_by("order_id", "id")
    return about.values("order_id", "id", "kind").iterator(CHUNK)


def mailed_orders() -> Iterator[Mapping[str, Any]]:
    """What mails say of each order."""
    rows = OrderInfo.objects.order_by("order_id").values("order_id", "number", "total", "currency")
    return rows.iterator(CHUNK)


# Checks -----------------------------------------------------------------------------------------
def sent_twice() -> Found:
    """Mails that are in the mailbox more often than they were asked for."""
    boxed = MailboxMessage.objects.order_by().values_list("recipients", "subject")
    for recipients, subject, times in boxed.annotate(times=Count("id")).filter(times__gt=1):
        mine = Notification.objects.filter(recipient=recipients, subject=subject)
        asked = mine.count() + Resend.objects.filter(notification__in=mine).count()
        if times > asked:
            copies = MailboxMessage.objects.filter(recipients=recipients, subject=subject)
            rows = [("notifications_mailboxmessage", str(pk)) for pk in _ids(copies)]
            about = [str(pk) for pk in mine.values_list("order_id", flat=True) if pk]
            yield f"{times} times in the mailbox, not {asked}: {subject}", about, rows


def unsent() -> Found:
    """Mails that are asked for and not known to be sent."""
    for row in Notification.objects.exclude(state__in=ENDED).order_by("id").iterator(CHUNK):
        yield f"mail {row.pk} ({row.kind}) is {row.state}", _about(row), [_row(row)]


def unsent_after_a_death() -> Found:
    """Those of them that no process can have died over."""
    unknown = (*ENDED, State.SENDING, State.HELD)
    for row in Notification.objects.exclude(state__in=unknown).order_by("id").iterator(CHUNK):
        yield f"mail {row.pk} ({row.kind}) is {row.state}", _about(row), [_row(row)]


def _ids(rows: QuerySet[MailboxMessage]) -> list[Any]:
    return list(rows.order_by("id").values_list("pk", flat=True))


def _about(row: Notification) -> list[str]:
    return [str(key) for key in (row.order_id, row.pk) if key]


def _row(row: Notification) -> tuple[str, str]:
    return "notifications_notification", str(row.pk)


FACTS = {"mails": mails, "mailed_orders": mailed_orders}
ALWAYS = {"I7": [sent_twice]}
AT_REST = {"I7": [unsent]}
AFTER_A_DEATH = {"I7": [unsent_after_a_death]}  # instead of AT_REST
