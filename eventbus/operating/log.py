"""Looking at the log: its newest events, and all that is known about one."""

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from eventbus import conf, parking
from eventbus.engines import engine
from eventbus.errors import NotFound
from eventbus.models import Body, Event, Intervention, Parked, Scheduled
from eventbus.operating import audit
from eventbus.operating.change import cursors
from eventbus.operating.letters import last_line
from eventbus.registry import subscribers

FOLLOW_SECONDS = 0.5
SHOWN = ("event_id", "name", "version", "source", "key", "shard", "occurred_at", "headers")


def tail(
    count: int, *, key: str | None = None, name: str | None = None, follow: bool = False
) -> Iterator[dict[str, Any]]:
    """The newest events, oldest first, without their payloads (they may be personal); with
    `follow` it goes on for ever."""
    log = Event.objects.using(conf.get("database")).order_by("-id")
    log = log if key is None else log.filter(key=key)
    log = log if name is None else log.filter(name=name)
    events = list(log.defer("payload")[:count])[::-1]
    last = 0
    while True:
        for event in events:
            last = max(last, event.pk)
            yield {"id": event.pk} | {name: getattr(event, name) for name in SHOWN}
        if not follow:
            return
        time.sleep(FOLLOW_SECONDS)
        events = list(log.defer("payload").filter(pk__gt=last).order_by("id"))


def show(event: str, *, payload: bool = False) -> dict[str, Any]:
    """What is known about an event, by its id or its number in the log: its headers, what became
    of it at every subscriber that hears of it, and what operators did with it; its payload, which
    may be personal, only on demand. Raises NotFound.

    A parked or scheduled event is found when the log does not have it.
    """
    found = _find(event)
    position = found.pk if isinstance(found, Event) else getattr(found, "position", None)
    known = {"id": position} | {name: getattr(found, name) for name in SHOWN}
    if isinstance(found, Scheduled):
        known["due_at"] = found.due_at
    if payload:
        known["payload"] = found.payload
    return known | {
        "subscribers": list(_outcomes(found, position)) if position is not None else [],
        "interventions": audit.history(event_id=found.event_id),
    }


def _find(reference: str) -> Body:
    alias = conf.get("database")
    try:
        where: dict[str, Any] = {"event_id": UUID(reference)}
    except ValueError:
        where = {"pk": int(reference)} if reference.isdecimal() else {}
    models = (Event, Parked, Scheduled) if "event_id" in where else (Event,) if where else ()
    for model in models:
        found: Body | None = model.objects.using(alias).filter(**where).first()
        if found is not None:
            return found
    raise NotFound(f"event {reference}.")


def _outcomes(event: Body, position: int) -> Iterator[dict[str, Any]]:
    """What became of the event at each subscriber that has a handler for it, or has it parked."""
    parked = {row.subscriber: row for row in parking.rows().filter(event_id=event.event_id)}
    skipped = set(
        Intervention.objects.using(conf.get("database"))
        .filter(act=Intervention.Act.SKIP, event_id=event.event_id)
        .values_list("subscriber", flat=True)
    )
    hearing = {name for name, each in subscribers.items() if event.name in each.handlers}
    for subscriber in sorted(hearing | set(parked)):
        row = parked.get(subscriber)
        if row is not None:
            state = row.get_state_display()
        elif subscriber in skipped:
            state = "skipped"
        else:
            state = "past it" if _passed(subscriber, event, position) else "yet to come to it"
        yield {
            "subscriber": subscriber,
            "state": state,
            "parked": row.pk if row else None,
            "attempts": row.attempts if row else None,
            "error": last_line(row.error) if row else "",
        }


def _passed(subscriber: str, event: Body, position: int) -> bool:
    mine = cursors().filter(subscriber=subscriber, lo__lte=event.shard, hi__gt=event.shard)
    cursor = mine.values_list("pk", flat=True).first()
    return cursor is not None and engine().has_passed(cursor, position)
