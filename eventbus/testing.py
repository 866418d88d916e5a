"""For tests of code that uses the bus; part of the product."""

import json
import random
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from eventbus import calls, conf, parking, retries, schedule
from eventbus.contract_files import problems_of as contract_problems
from eventbus.cursors import ensure_cursors
from eventbus.delivery import invoke, run_batch
from eventbus.engines import Engine, engine
from eventbus.envelope import Envelope
from eventbus.models import Event, Parked
from eventbus.registry import subscribers
from eventbus.shards import shard_of
from eventbus.tracing import begun

__all__ = ["contract_problems", "drain", "emit", "published", "redeliver"]

ROUNDS = 10_000  # a subscriber that wakes itself for ever is a defect, not a long test


def drain(
    *, seed: int | None = None, now: datetime | None = None, rounds: int | None = None
) -> int:
    """Run the bus in this thread until there is nothing left to do; says how many events. With
    `rounds`, it stops after so many batches, retries and calls, whatever is left.

    With `seed`, the next cursor and the size of its batch are drawn at random, so that whatever
    the bus does not promise about order is shuffled. `now` stands for the database's time:
    scheduled events and retries due by then are run. Works inside a test's own transaction too.

    Raises AssertionError when it does not come to rest.
    """
    bus = engine()
    inside = bus.connection.in_atomic_block
    draw = random.Random(seed) if seed is not None else None
    handled = 0
    try:
        with bus.reading_by_id() if inside else nullcontext():
            ensure_cursors()
            for _ in range(ROUNDS if rounds is None else rounds):
                done = _round(bus, draw, now or bus.clock())
                handled += done
                if not done:
                    return handled
            if rounds is not None:
                return handled
    finally:
        bus.release()  # or the test database could not be dropped
    raise AssertionError("The bus does not come to rest: does a handler answer itself for ever?")


def _round(bus: Engine, draw: random.Random | None, now: datetime) -> int:
    """One batch, retry or call; 0 when there is none."""
    if promoted := schedule.promote(bus, now=now):
        return promoted
    wanted = {name: subscriber.handlers for name, subscriber in list(subscribers.items())}
    choices: list[Any] = [(subscribers[name], cursor) for name, cursor in bus.pending(wanted)]
    choices += list(parking.due(now))
    if draw:
        draw.shuffle(choices)
    bus.refresh()
    for choice in choices:
        limit = draw.randint(1, 5) if draw else conf.get("batch")
        if isinstance(choice, Parked):
            retrying = choice.state == Parked.State.RETRYING
            done = (
                int(retries.retry(bus, choice, now=now))
                if retrying
                else calls.call(bus, [choice], now=now)
            )
        else:
            done = run_batch(bus, choice[0], choice[1], limit=limit)
        if done:
            return done
    return 0


def published(name: str, *, key: object = None) -> list[dict[str, Any]]:
    """The payloads of the events with that name in the log, oldest first."""
    events = Event.objects.using(conf.get("database")).filter(name=name).order_by("id")
    if key is not None:
        events = events.filter(key=str(key))
    return list(events.values_list("payload", flat=True))


def emit(name: str, payload: Mapping[str, Any], *, key: object, version: int = 1) -> UUID:
    """Put another context's event into the log, as its contract file promises it.

    For the tests of one app, which cannot import the producer's class. The values are JSON data.
    Raises AssertionError when they do not fit the file; nothing is then written.
    """
    validator = _validator((conf.contracts_folder() / f"{name}.v{version}.json").read_text())
    schema = validator.schema
    unknown = set(payload) - set(schema["properties"])
    if unknown:
        raise AssertionError(f"{name} v{version} does not promise {sorted(unknown)}")
    for error in validator.iter_errors(dict(payload)):
        raise AssertionError(f"{name} v{version}: {error.message}")
    event_id = uuid7()
    with transaction.atomic(using=conf.get("database")):
        engine().append(
            {
                "event_id": event_id,
                "name": name,
                "version": version,
                "source": name.partition(".")[0],
                "key": str(key),
                "shard": shard_of(str(key)),
                "payload": dict(payload),
                "headers": begun(event_id),
                "subject": str(payload.get(schema.get("x-subject")) or ""),
                "occurred_at": timezone.now(),
            }
        )
    return event_id


@cache  # to make one takes as long as most tests of a handler
def _validator(contract: str) -> Any:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema := json.loads(contract))
    return Draft202012Validator(schema)


def redeliver(name: str, *, key: object, subscriber: str) -> None:
    """Run the subscriber's handler again for the last such event, as a second delivery would."""
    event = Event.objects.filter(name=name, key=str(key)).latest("id")
    _, *fields = Envelope._fields  # all but its position
    envelope = Envelope(event.pk, *(getattr(event, field) for field in fields))
    handler = subscribers[subscriber].handlers[name]
    with transaction.atomic():
        result = invoke(handler, [envelope])
        if handler.record is not None:
            handler.record([each for each in result if not isinstance(each, Exception | None)])
            return
        for record in result if handler.external and handler.batch else [result]:
            if callable(record):
                record()
