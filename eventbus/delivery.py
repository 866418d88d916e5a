"""Running handlers: a batch of new events for one cursor, in one transaction.

Optimistic: no savepoints. On any failure, at COMMIT too, the batch is rolled back and run again
one event a transaction; the one that fails alone is parked, in a transaction of its own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from eventbus import conf, parking
from eventbus.engines import Claim, Engine, engine
from eventbus.envelope import Envelope
from eventbus.errors import BrokenTransaction
from eventbus.handling import handling
from eventbus.registry import Handler, Subscriber
from eventbus.schema import decode


@dataclass(slots=True)
class Batch:
    """What one transaction has handled so far."""

    events: Sequence[Envelope] = ()
    done: int = 0  # events handled or parked, from the front


def run_batch(engine: Engine, subscriber: Subscriber, cursor: int, *, limit: int) -> int:
    """Handle at most `limit` new events of the cursor; says how many were moved past.

    A handler's error never leaves this function; a transient one of the database does, and
    then nothing has happened.
    """
    batch = Batch()
    try:
        return _run_in_one_transaction(engine, subscriber, cursor, limit, batch)
    except Exception as error:
        if engine.is_transient(error) or not batch.events:
            raise
        if limit > 1:
            return _run_one_by_one(engine, subscriber, cursor, len(batch.events))
        return _park_first(engine, subscriber, cursor, batch.events[0], error)


def _run_in_one_transaction(
    engine: Engine, subscriber: Subscriber, cursor: int, limit: int, batch: Batch
) -> int:
    deadline = time.monotonic() + conf.get("batch_seconds")
    with transaction.atomic(using=engine.connection.alias):
        claim = engine.claim(cursor)
        if claim is None:
            return 0
        batch.events = engine.fetch(claim, subscriber.handlers, limit)
        behind = parking.parked_keys(subscriber.name, batch.events)
        for event in batch.events:
            deliver(subscriber, event, behind)
            batch.done += 1
            if time.monotonic() > deadline:
                break
        _advance(engine, claim, batch, limit)
    return batch.done


def _advance(engine: Engine, claim: Claim, batch: Batch, limit: int) -> None:
    last = batch.events[batch.done - 1].position if batch.done else 0
    everything = batch.done == len(batch.events) < limit
    engine.advance(claim, last, complete=everything)


def _run_one_by_one(engine: Engine, subscriber: Subscriber, cursor: int, count: int) -> int:
    done = 0
    for _ in range(count):
        moved = run_batch(engine, subscriber, cursor, limit=1)
        if not moved:
            break  # another worker has the cursor now, or has moved it
        done += moved
    return done


def _park_first(
    engine: Engine, subscriber: Subscriber, cursor: int, failed: Envelope, error: Exception
) -> int:
    with transaction.atomic(using=engine.connection.alias):
        claim = engine.claim(cursor)
        events = engine.fetch(claim, subscriber.handlers, 1) if claim else []
        if not claim or not events or events[0].event_id != failed.event_id:
            return 0  # another worker has been here meanwhile
        parking.park_failed(subscriber.name, failed, error, now=engine.clock())
        engine.advance(claim, failed.position, complete=False)
    return 1


def deliver(subscriber: Subscriber, event: Envelope, behind: set[tuple[str, str]]) -> None:
    """Handle the event, or park it: behind its key's parked events, or as a call to make."""
    handler = subscriber.handlers[event.name]
    identity = event.source, event.key
    if identity in behind:
        parking.park_behind(subscriber.name, event)
    elif handler.external:
        parking.park_call(subscriber.name, event)
        behind.add(identity)
    else:
        invoke(handler, event)


def invoke(handler: Handler, event: Envelope) -> Any:
    """Call the handler with its view of the event; raises Unreadable, BrokenTransaction and what
    the handler raises."""
    arguments = (decode(handler.view, event.payload),)
    with handling(event, handler.subscriber, transactional=not handler.external):
        result = handler.function(*arguments, *((event,) if handler.wants_envelope else ()))
    if engine().connection.needs_rollback:
        raise BrokenTransaction  # or leaving the block would roll back without a word
    return result
