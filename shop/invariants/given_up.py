"""Mails that the death of a process has left for a person to decide: plain SMTP cannot say whether
one was sent."""

from collections.abc import Iterable

from eventbus import conf
from eventbus.models import Parked
from shop.invariants.violation import Violation


def left_out_of(found: Iterable[Violation]) -> list[Violation]:
    """Without the dead letters that ask for such a mail, and without the mail itself where its
    sender died just before the attempt was noted."""
    rows = Parked.objects.using(conf.get("database"))
    dead = rows.filter(name="notifications.requested", state=Parked.State.DEAD)
    ids = {("eventbus_parked", str(row.pk)) for row in dead}
    ids |= {("notifications_notification", row.payload["notification_id"]) for row in dead}
    return [each for each in found if each.invariant not in ("I7", "I15") or not ids & {*each.rows}]
