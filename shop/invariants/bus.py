"""What the bus's tables prove about the events: kept, in order, once in effect, none forgotten."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from django.db.models import Count
from django.db.models.fields.json import KeyTextTransform

from eventbus import conf
from eventbus.engines import engine
from eventbus.engines.measures import measures
from eventbus.models import Cursor, Event, Parked, Rebuild, Scheduled
from eventbus.registry import subscribers
from eventbus.shards import SHARDS
from shop.invariants.violation import Found, Row

State = Parked.State
CHUNK = 500  # rows in memory at once
COUNTED = 1_000  # unread events of a cursor; whether there is one is what matters
DUE = timedelta(minutes=1)  # a scheduled event takes its place within seconds
STEPS = {
    "orders.created": "PENDING",
    "orders.confirmed": "CONFIRMED",
    "orders.failed": "FAILED",
    "orders.cancelled": "CANCELLED",
    "orders.shipped": "SHIPPED",
    "orders.delivered": "DELIVERED",
}
ONCE = (  # in the life of an order
    *STEPS,
    "inventory.reserved",
    "inventory.failed",
    "payments.requested",
    "payments.processed",
    "payments.failed",
)
VERSIONED = ("products.changed", "inventory.stock_changed")


def cursors_with_gaps() -> Iterator[Found]:
    """I6: subscribers whose cursors do not have every shard once. What no cursor has is never
    handled; what two have, twice."""
    cursors = Cursor.objects.using(_alias()).order_by("subscriber", "lo")
    ranges = {name: list(rows) for name, rows in groupby(cursors, key=lambda row: row.subscriber)}
    for name in sorted({*ranges, *subscribers}):
        mine = ranges.get(name, [])
        bounds = [0, *(bound for row in mine for bound in (row.lo, row.hi)), SHARDS]
        whole = all(bounds[at] == bounds[at + 1] for at in range(0, len(bounds), 2))
        if not whole or not mine:
            said = " ".join(f"[{row.lo}, {row.hi})" for row in mine) or "nothing"
            rows = [("eventbus_cursor", str(row.pk)) for row in mine]
            yield f"the cursors of {name} have {said}, not each shard once", [], rows


def effects_twice() -> Iterator[Found]:
    """I6: events of an order that can happen once, and are in the log more often."""
    events = Event.objects.using(_alias()).filter(name__in=ONCE).order_by()
    counted = events.values_list("key", "name").annotate(times=Count("id")).filter(times__gt=1)
    for key, name, times in counted:
        copies = events.filter(key=key, name=name).order_by("id").values_list("pk", flat=True)
        rows = [("eventbus_event", str(pk)) for pk in copies]
        yield f"{name} of {key} happened {times} times", [key], rows


def unread() -> Iterator[Found]:
    """I6, at rest: events that a subscriber has yet to handle."""
    tables = measures()
    for cursor in Cursor.objects.using(_alias()).order_by("subscriber", "lo"):
        if cursor.subscriber in subscribers:  # else of another deployment
            names = list(subscribers[cursor.subscriber].handlers)
            events, _ = tables.unread(cursor, names, COUNTED)
            if events:
                row = ("eventbus_cursor", str(cursor.pk))
                yield f"{cursor} has {events} events before it", [], [row]


def oldest_unread() -> datetime:
    """When the oldest event that somebody has yet to handle was published; now, without any."""
    tables, oldest = measures(), engine().clock()
    for cursor in Cursor.objects.using(_alias()):
        if cursor.subscriber in subscribers:
            names = list(subscribers[cursor.subscriber].handlers)
            _, since = tables.unread(cursor, names, COUNTED)
            oldest = min(oldest, since or oldest)
    return oldest


def parked_out_of_order() -> Iterator[Found]:
    """I9: events set aside that are tried before an earlier one of their key, or that their cursor
    has not come to yet."""
    rows = Parked.objects.using(_alias()).exclude(state=State.OWED)
    ordered = rows.order_by("subscriber", "source", "key", "position")
    for before, row in pairwise(ordered.iterator(CHUNK)):
        of_one_key = _place(before) == _place(row)
        if of_one_key and row.state in (State.RETRYING, State.CALLING, State.DEAD):
            what = f"{row} goes before {before.name}, which is earlier"
            yield what, [row.key], [_parked(before), _parked(row)]
    yield from _ahead()


def _ahead() -> Iterator[Found]:
    again = Rebuild.objects.using(_alias()).values("cursor__subscriber")
    cursors = list(Cursor.objects.using(_alias()).exclude(subscriber__in=again))
    logged = Event.objects.using(_alias()).values("id")  # retention may have dropped it
    for row in Parked.objects.using(_alias()).filter(position__in=logged).iterator(CHUNK):
        for cursor in cursors:
            mine = cursor.subscriber == row.subscriber and cursor.lo <= row.shard < cursor.hi
            if mine and not engine().has_passed(cursor.pk, row.position):
                yield f"{row} is set aside, {cursor} has not come to it", [row.key], [_parked(row)]


def versions_falling() -> Iterator[Found]:
    """I9: states that were told in another order than that of their versions."""
    events = Event.objects.using(_alias()).filter(name__in=VERSIONED)
    version = KeyTextTransform("version", "payload")
    rows = events.order_by("name", "source", "key", "id")
    told = rows.values_list("name", "source", "key", "id", version).iterator(CHUNK)
    for (*thing, first, before), (*other, second, after) in pairwise(told):
        if thing == other and int(after) < int(before):
            what = f"{thing[0]} of {thing[2]} told version {after} after {before}"
            yield what, [thing[2]], [("eventbus_event", str(pk)) for pk in (first, second)]


def parked() -> Iterator[Found]:
    """I15, at rest: events set aside, and dead letters with their reason."""
    return _set_aside(State.values)


def dead() -> Iterator[Found]:
    """I15: dead letters."""
    return _set_aside([State.DEAD])


def _set_aside(states: list[Any]) -> Iterator[Found]:
    rows = Parked.objects.using(_alias()).filter(state__in=states).order_by("id")
    for row in rows.iterator(CHUNK):
        yield f"set aside: {row} {row.error}".rstrip(), [row.key], [_parked(row)]
    known = Parked.objects.using(_alias()).exclude(state__in=State.values)
    for row in known.order_by("id").iterator(CHUNK):
        yield f"set aside for no known reason: {row}", [row.key], [_parked(row)]


def overdue() -> Iterator[Found]:
    """I15: scheduled events whose time has come and that are not in the log."""
    late = Scheduled.objects.using(_alias()).filter(due_at__lt=engine().clock() - DUE)
    for row in late.order_by("id").iterator(CHUNK):
        yield f"overdue: {row}", [row.key], [("eventbus_scheduled", str(row.pk))]


def in_log_twice() -> Iterator[Found]:
    """I15: scheduled events that have taken their place in the log, and still wait for it."""
    logged = Event.objects.using(_alias()).values("event_id")
    both = Scheduled.objects.using(_alias()).filter(event_id__in=logged)
    for row in both.order_by("id").iterator(CHUNK):
        what = f"{row.name} of {row.key} is in the log and still to come"
        yield what, [row.key], [("eventbus_scheduled", str(row.pk))]


def _place(row: Parked) -> tuple[str, str, str]:
    return row.subscriber, row.source, row.key


def _parked(row: Parked) -> Row:
    return "eventbus_parked", str(row.pk)


def _alias() -> str:
    return str(conf.get("database"))
