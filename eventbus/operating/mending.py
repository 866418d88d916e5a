"""Deciding about one event: skip it, say what it should have said, or have it delivered again."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from eventbus import conf, parking
from eventbus.delivery import view_of
from eventbus.engines import Engine
from eventbus.engines.appending import COLUMNS
from eventbus.errors import NotFound, Refused
from eventbus.models import Event, Intervention, Parked, PausedKey, Rebuild
from eventbus.operating import audit
from eventbus.operating.change import change
from eventbus.registry import Handler, subscribers

Act = Intervention.Act
State = Parked.State


def skip(parked: int, *, by: str, reason: str) -> None:
    """Count the parked event as done, for every replay too; the next of its key comes forward.

    It must be the first of its key, and no external call for it under way. Raises NotFound, and
    Refused when it is not, or without a reason.
    """
    audit.demand(reason)
    with _head(parked) as (bus, row):
        again = row.headers.get("redelivery")
        # It was handled the first time: a replay is to handle it, so its id is not noted.
        about = {"reason": f"{reason} (redelivery of {row.event_id})"} if again else {
            "reason": reason, "event_id": row.event_id
        }  # fmt: skip
        audit.record(Act.SKIP, by=by, **_of(row), **about)
        parking.finish([row], now=bus.clock())


def edit(parked: int, *, payload: Any, by: str, reason: str) -> None:
    """Let the subscriber read `payload` (JSON data of the event's version) instead of what the
    log says, in every replay too, and try the event again at once.

    Raises NotFound; Refused when the event is not the first of its key, has no handler, the
    handler cannot read the payload, or without a reason.
    """
    audit.demand(reason)
    with _head(parked) as (bus, row):
        row.payload = payload
        _demand_readable(row)
        audit.record(
            Act.EDIT, by=by, reason=reason, event_id=row.event_id, payload=payload, **_of(row)
        )
        changed = parking.afresh(row, now=bus.clock()) | {"payload": payload}
        parking.rows().filter(pk=row.pk).update(**changed)


def redeliver(event_id: UUID, subscriber: str, *, by: str, reason: str) -> None:
    """Have the subscriber handle the event once more, with all effects: what it publishes then are
    other events than the first time. If it was edited, as edited.

    Raises NotFound when the log has no such event; Refused when the subscriber has no handler for
    it, has yet to come to it, is being rebuilt, or leaves the event's key alone (something is
    parked or paused), or without a reason.
    """
    audit.demand(reason)
    event = _in_log(event_id)
    handler = _handler(subscriber, event.name)
    with change() as bus:
        _demand_done(bus, handler, event)
        edited = audit.edited_payload(subscriber, event_id)
        now = bus.clock()
        row = Parked(
            **{name: getattr(event, name) for name in COLUMNS},
            subscriber=subscriber,
            position=event.pk,
            state=State.TO_CALL if handler.external else State.RETRYING,
            next_at=now,
            parked_at=now,
        )
        row.headers = {**event.headers, "redelivery": str(uuid4())}
        row.payload = event.payload if edited is None else edited
        row.save(using=bus.connection.alias, force_insert=True)
        audit.record(
            Act.REDELIVER, by=by, reason=reason, event_id=event_id, payload=edited, **_of(row)
        )


@contextmanager
def _head(parked: int) -> Iterator[tuple[Engine, Parked]]:
    """The parked event as it is under its cursor's lock, if an operator may decide about it."""
    seen = parking.rows().filter(pk=parked).first()
    if seen is None:
        raise NotFound(f"parked event {parked}.")
    with change() as bus:
        bus.hold(seen.subscriber, seen.shard, wait=True)
        # Its own lock too: a call is begun without the cursor's.
        row = parking.rows().select_for_update().filter(pk=parked).first()
        if row is None:
            raise NotFound(f"parked event {parked}: it has just been done.")
        _demand_free(row)
        yield bus, row


def _demand_free(row: Parked) -> None:
    if row.state == State.CALLING:
        raise Refused(f"an external call for {row.pk} is under way.")
    if row.state == State.OWED:
        raise Refused(f"the rebuild of {row.subscriber} will come to {row.pk}.")
    key = parking.rows().filter(subscriber=row.subscriber, source=row.source, key=row.key)
    first = key.exclude(state=State.OWED).earliest("position")
    if first.pk != row.pk:
        raise Refused(f"{row.pk} waits behind {first.pk}: decide about that one first.")


def _demand_readable(row: Parked) -> None:
    handler = _handler(row.subscriber, row.name)
    try:
        json.dumps(row.payload, allow_nan=False)
        view_of(handler, parking.envelope_of(row))
    except Exception as error:  # Unreadable, no JSON, or whatever an upcaster raises
        raise Refused(f"{row.subscriber} cannot read that. {error}") from error


def _in_log(event_id: UUID) -> Event:
    event = Event.objects.using(conf.get("database")).filter(event_id=event_id).first()
    if event is None:
        raise NotFound(f"event {event_id} in the log.")
    return event


def _handler(subscriber: str, name: str) -> Handler:
    mine = subscribers.get(subscriber)
    handler = mine.handlers.get(name) if mine else None
    if handler is None:
        raise Refused(f"{subscriber} has no handler for {name} here.")
    return handler


def _demand_done(bus: Engine, handler: Handler, event: Event) -> None:
    """Take the cursor's lock; raises Refused unless the cursor is past the event and nothing of
    its key is left to do."""
    subscriber = handler.subscriber
    key = {"subscriber": subscriber, "source": event.source, "key": event.key}
    claim = bus.hold(subscriber, event.shard, wait=True)
    if claim is None or not bus.has_passed(claim.cursor, event.pk):
        raise Refused(f"{subscriber} has yet to come to that event.")
    if parking.rows().filter(**key).exists():
        raise Refused(f"events of {event.source} {event.key} are parked for {subscriber}.")
    if PausedKey.objects.using(bus.connection.alias).filter(**key).exists():
        raise Refused(f"{event.source} {event.key} is paused for {subscriber}.")
    if Rebuild.objects.using(bus.connection.alias).filter(cursor=claim.cursor).exists():
        raise Refused(f"{subscriber} is being rebuilt.")


def _of(row: Parked) -> dict[str, Any]:
    return {"subscriber": row.subscriber, "source": row.source, "key": row.key}
