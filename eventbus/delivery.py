"""Running handlers: a batch of new events for one cursor, in one transaction.

Optimistic: no savepoints. On any failure, at COMMIT too, the batch is rolled back and run again
one event a transaction; the one that fails alone is parked, in a transaction of its own.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from eventbus import conf, metrics, parking, rebuilding, writing
from eventbus.engines import Engine, engine
from eventbus.engines.base import Claim, Fetched, Move, Wanted
from eventbus.envelope import ERASED, MUTED, Envelope
from eventbus.errors import BrokenTransaction, HandlerExited
from eventbus.handling import Handling
from eventbus.metrics import Tally
from eventbus.registry import Handler, Subscriber, upcasters
from eventbus.runs import Run, cut
from eventbus.schema import decode
from eventbus.watchdog import watched

logger = logging.getLogger("eventbus.delivery")


@dataclass(slots=True, eq=False)
class Batch:
    """Some new events of one cursor, handled in one transaction."""

    subscriber: Subscriber
    cursor: int
    limit: int  # events at most
    events: Sequence[Envelope] = ()
    done: int = 0  # events handled or parked
    failed: Run | None = None  # whose handler raised
    muted: Counter[str] = field(default_factory=Counter)  # what a rebuild has kept from happening
    tally: Tally = field(init=False)  # to be counted after the commit

    def __post_init__(self) -> None:
        self.tally = Tally(self.subscriber.name)


def run_batch(
    engine: Engine, subscriber: Subscriber, cursor: int, *, limit: int, alone: bool = False
) -> int:
    """Handle at most `limit` new events of the cursor; says how many were moved past. With
    `alone`, only while nobody works on another range of the subscriber.

    A handler's error never leaves this function; a transient one of the database does, and
    then nothing has happened.
    """
    batch = Batch(subscriber, cursor, limit)
    deadline = time.monotonic() + conf.get("batch_seconds")
    try:
        with watched(subscriber.name), transaction.atomic(using=engine.connection.alias):
            _take(engine, batch, deadline, alone=alone)
    except Exception as error:
        if engine.is_transient(error) or not batch.events:
            raise
        if limit == 1:
            return park_first(engine, subscriber, cursor, batch.events[0], error)
        return _run_again(engine, subscriber, cursor, batch)
    batch.tally.count()
    return batch.done


def run_together(engine: Engine, batches: Sequence[Batch]) -> Sequence[Batch]:
    """Handle a batch of each of several cursors in one transaction: one commit for all.

    Gives those that had better be run apart; when there are any, nothing has happened.
    """
    deadline = time.monotonic() + conf.get("batch_seconds")
    begun: list[Batch] = []
    try:
        with transaction.atomic(using=engine.connection.alias):
            _take_together(engine, batches, begun, deadline)
    except Exception as error:
        logger.info("run apart, as together they failed: %r", error)
        return [batch for batch in begun if batch.failed] or begun or batches
    for batch in begun:
        batch.tally.count()
    return ()


def _take(engine: Engine, batch: Batch, deadline: float, *, alone: bool = False) -> None:
    claim = engine.claim(batch.cursor, alone=alone)
    if claim is None:
        metrics.conflicted()
        return
    fetched = engine.fetch(Wanted(claim, batch.subscriber.handlers, batch.limit))
    with writing.together(engine):
        move = _handle(batch, claim, fetched, deadline)
    _advance(engine, [(move, fetched)])


def _take_together(
    engine: Engine, batches: Sequence[Batch], begun: list[Batch], deadline: float
) -> None:
    """As `_take` of each, but every question is asked once for all; `begun` grows by those whose
    turn has come."""
    claims = engine.claim_all([batch.cursor for batch in batches])
    for _ in range(len(batches) - len(claims)):
        metrics.conflicted()
    taken = [batch for batch in batches if batch.cursor in claims]
    wanted = [Wanted(claims[b.cursor], b.subscriber.handlers, b.limit) for b in taken]
    moves = []
    with writing.together(engine):
        for batch, fetched in zip(taken, engine.fetch_all(wanted), strict=True):
            begun.append(batch)
            with watched(batch.subscriber.name):
                moves.append((_handle(batch, claims[batch.cursor], fetched, deadline), fetched))
            if time.monotonic() > deadline:
                break
    _advance(engine, moves)


def _advance(engine: Engine, moves: Sequence[tuple[Move, Fetched]]) -> None:
    engine.advance_all([move for move, _ in moves])
    for move, fetched in moves:
        if fetched.rebuilding or not fetched.events:
            rebuilding.finish_if_done(engine, move.claim.cursor)


def _handle(batch: Batch, claim: Claim, fetched: Fetched, deadline: float) -> Move:
    """Make the runs until all are made, or until the time is up and what is handled is the front
    of the batch; says how far the cursor has come."""
    subscriber, batch.events = batch.subscriber, fetched.events
    behind = parking.parked_keys(subscriber.name, fetched.events) if fetched.parked else set()
    again = rebuilding.of(subscriber.name, fetched)
    reached = -1
    for run in cut(fetched.events, subscriber.handlers, fetched.muted):
        batch.failed = run
        deliver(again.prepared(run), behind, batch.muted, batch.tally)
        batch.failed = None
        batch.done += len(run.events)
        reached = max(reached, run.last)
        if batch.done == reached + 1 and time.monotonic() > deadline:
            break
    if batch.muted:
        parking.count_muted(claim.cursor, batch.muted)
    last = batch.events[batch.done - 1].position if batch.done else 0
    return Move(claim, last, complete=batch.done == len(batch.events) < batch.limit)


def _run_again(engine: Engine, subscriber: Subscriber, cursor: int, batch: Batch) -> int:
    """What was handled before the handler failed, once more, and then that one event alone; or
    all one by one, when it was not one event's handler (but a run's, or the COMMIT)."""
    front = batch.done
    if batch.failed is None or batch.failed.events != [batch.events[front]]:
        return _run_one_by_one(engine, subscriber, cursor, len(batch.events))
    moved = run_batch(engine, subscriber, cursor, limit=front) if front else 0
    if moved == front:
        moved += run_batch(engine, subscriber, cursor, limit=1)
    return moved


def _run_one_by_one(engine: Engine, subscriber: Subscriber, cursor: int, count: int) -> int:
    done = 0
    for _ in range(count):
        moved = run_batch(engine, subscriber, cursor, limit=1)
        if not moved:
            break  # another worker has the cursor now, or has moved it
        done += moved
    return done


def park_first(
    engine: Engine, subscriber: Subscriber, cursor: int, failed: Envelope, error: Exception
) -> int:
    """Park the event and move the cursor past it, if it is still the cursor's next; says how many
    were moved past."""
    with transaction.atomic(using=engine.connection.alias):
        claim = engine.claim(cursor)
        fetched = engine.fetch(Wanted(claim, subscriber.handlers, 1)) if claim else Fetched()
        if not claim or not fetched.events or fetched.events[0].event_id != failed.event_id:
            return 0  # another worker has been here meanwhile
        parked = rebuilding.of(subscriber.name, fetched).prepared_one(failed)
        muted, now = failed.position in fetched.muted, engine.clock()
        state = parking.park_failed(subscriber.name, parked, error, now=now, muted=muted)
        engine.advance(Move(claim, failed.position, complete=False))
    tally = Tally(subscriber.name)
    tally.put([failed], "dead" if state == parking.State.DEAD else "parked")
    tally.count()
    parking.report(subscriber.name, failed, state, type(error).__name__)
    return 1


def deliver(run: Run, behind: set[tuple[str, str]], muted: Counter[str], tally: Tally) -> None:
    """Handle the run's events, or park them: behind their key's parked events, or as calls to
    make."""
    handler, events = run.handler, run.events
    if behind:
        waiting = [event for event in events if (event.source, event.key) in behind]
        parking.park_behind(handler.subscriber, waiting, muted=run.muted)
        tally.put(waiting, "parked")
        events = [event for event in events if (event.source, event.key) not in behind]
    if handler.skip_erased:
        tally.put([event for event in events if event.headers.get(ERASED)], "skipped")
        events = [event for event in events if not event.headers.get(ERASED)]
    if not events:
        return
    if not handler.external:
        since = time.perf_counter()
        invoke(handler, events, muted=muted if run.muted else None)
        tally.put(events, "replayed" if run.muted else "done", since)
    elif run.muted:
        muted.update(f"called {event.name}" for event in events)
        tally.put(events, "replayed")
    else:
        parking.park_calls(handler.subscriber, events)
        tally.put(events, "parked")
        behind.update((event.source, event.key) for event in events)


def rerun(handler: Handler, event: Envelope, muted: Counter[str]) -> None:
    """Handle a parked event; one that is muted counts in `muted` what it keeps from happening.

    Raises what `invoke` raises.
    """
    if handler.skip_erased and event.headers.get(ERASED):
        return
    if not event.headers.get(MUTED):
        invoke(handler, [event])
    elif handler.external:
        muted[f"called {event.name}"] += 1
    else:
        invoke(handler, [event], muted=muted)


def invoke(
    handler: Handler, events: Sequence[Envelope], *, muted: Counter[str] | None = None
) -> Any:
    """Call the handler with its view of each event; one event, if it takes no batch.

    With `muted`, what it publishes is counted there and not published. Raises Unreadable,
    BrokenTransaction, HandlerExited and what the handler raises.
    """
    arguments: tuple[Any, ...]
    if handler.batch:
        arguments = tuple(view_of(handler, event) for event in events), tuple(events)
    else:
        arguments = view_of(handler, events[0]), events[0]
    if not handler.wants_envelope:
        arguments = arguments[:1]
    with Handling(events, handler.subscriber, transactional=not handler.external, muted=muted):
        result = _call(handler, arguments)
    if engine().connection.needs_rollback:
        raise BrokenTransaction  # or leaving the block would roll back without a word
    return result


def _call(handler: Handler, arguments: tuple[Any, ...]) -> Any:
    try:
        return handler.function(*arguments)
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as error:  # sys.exit() in a thread would end the worker without a word
        raise HandlerExited(repr(error)) from error


def view_of(handler: Handler, event: Envelope) -> Any:
    """What the handler reads of the event, brought to the newest version; raises Unreadable and
    what an upcaster raises."""
    payload, version = event.payload, event.version
    while step := upcasters.get((handler.subscriber, event.name, version)):
        payload, version = step(payload), version + 1
    return decode(handler.view, payload)
