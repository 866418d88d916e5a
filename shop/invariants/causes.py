"""What the log says of each event's cause, and of each order's way."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import batched, groupby
from typing import Any
from uuid import UUID

from django.db.models import Min
from django.db.models.fields.json import KeyTextTransform

from eventbus import conf
from eventbus.models import Event
from shop.invariants.bus import STEPS
from shop.invariants.joining import Fact
from shop.invariants.violation import Found

CHUNK = 500  # rows in memory at once
MARGIN = timedelta(minutes=1)  # by which the clocks of two processes may differ
# What happens to an order because of another event of it, and of no request.
CAUSED = ("inventory.reserved", "inventory.failed", "payments.requested", "orders.confirmed")


def without_a_cause() -> Iterator[Found]:
    """I10: events whose cause is not in the log before them, or of another order. What retention
    has dropped is not missed."""
    begins = _begins()
    cause = KeyTextTransform("causation_id", "headers")
    fields = ("id", "event_id", "name", "key", cause)
    rows = _log().order_by("id").values_list(*fields).iterator(CHUNK)
    for chunk in batched(rows, CHUNK, strict=False):
        causes = [UUID(row[4]) for row in chunk if row[4]]
        known = _log().filter(event_id__in=causes).values_list("event_id", "id", "key")
        places = {event_id: (pk, key) for event_id, pk, key in known}
        for pk, _, name, key, caused_by in chunk:
            if what := _wrong(pk, name, key, caused_by and UUID(caused_by), places, begins):
                yield f"{name} of {key} {what}", [key], [("eventbus_event", str(pk))]


def _wrong(
    pk: int, name: str, key: str, cause: UUID | None, places: dict[UUID, Any], begins: datetime
) -> str:
    """What is wrong with the event's cause; empty when nothing is."""
    if cause is None:
        return "has no cause" if name in CAUSED else ""
    if cause not in places:
        return f"was caused by {cause}: not in the log" if _made_at(cause) > begins + MARGIN else ""
    before, of = places[cause]
    if before >= pk:
        return f"was caused by {cause}, which is later"
    return f"was caused by {cause}, of {of}" if name in CAUSED and of != key else ""


def off_the_history(steps: Iterable[Fact]) -> Iterator[Found]:
    """I9: orders that the log tells another story of than their own history. Of an old order the
    log has the end only."""
    rows = _log().filter(name__in=STEPS).order_by("key", "id")
    told = groupby(rows.values_list("key", "id", "name").iterator(CHUNK), key=lambda row: row[0])
    histories = groupby(steps, key=lambda step: str(step["order_id"]))
    order_id, history = next(histories, ("", iter(())))
    for key, events in told:
        while order_id and order_id < key:
            order_id, history = next(histories, ("", iter(())))
        path = _path(list(history)) if order_id == key else []
        seen = [(pk, STEPS[name]) for _, pk, name in events]
        if (statuses := [status for _, status in seen]) != path[-len(seen) :]:
            what = f"order {key}: the log says {statuses}, its history {path}"
            yield what, [key], [("eventbus_event", str(pk)) for pk, _ in seen]


def _path(steps: list[Fact]) -> list[str]:
    """The statuses in the order of their links."""
    ways, path = {step["from_status"]: step["to_status"] for step in steps}, [""]
    while path[-1] in ways and len(path) <= len(steps):
        path.append(ways[path[-1]])
    return path[1:]


def _begins() -> datetime:
    """From when on the log is whole; the beginning of time when nothing was ever dropped."""
    first = _log().aggregate(at=Min("occurred_at"), pk=Min("id"))
    if first["at"] is None:
        return datetime.max.replace(tzinfo=UTC) - MARGIN
    return first["at"]  # type: ignore[no-any-return]


def _made_at(event_id: UUID) -> datetime:
    """A UUIDv7 begins with its milliseconds."""
    return datetime.fromtimestamp((event_id.int >> 80) / 1000, UTC)


def _log() -> Any:
    return Event.objects.using(conf.get("database"))
