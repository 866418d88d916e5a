"""External calls: made outside any transaction, owned while they last, recorded once.

The attempt is committed before the call. The caller owns the call by a lock that the system
frees at its death; whoever finds the row begun and the lock free knows that its caller died.
The result is recorded by compare-and-set on the attempt: a loser's is dropped.

A batch handler makes several at once: one commit for all attempts, the calls, one for all results.
"""

import logging
import random
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet

from eventbus import conf, cuts, metrics, parking, writing
from eventbus.delivery import invoke
from eventbus.engines import Claim, Engine
from eventbus.errors import NotAsManyResults, WorkerDied
from eventbus.handling import Handling
from eventbus.models import Parked
from eventbus.registry import Handler
from eventbus.watchdog import watched

logger = logging.getLogger("eventbus.calls")

State = Parked.State
Record = Any  # a function, a value for the handler's `record`, or None
UNKNOWN = "The process died during the call: whether it took effect is unknown."
# Seconds before a result is recorded once more: a database is back within these when it restarts.
PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0)
LOOK_AGAIN = timedelta(seconds=0.5)  # a begun call is looked at this often: is its caller alive?


def call(engine: Engine, rows: Sequence[Parked], *, now: datetime) -> int:
    """Make the calls that the rows stand for, all of one handler, and several only if it takes a
    batch; says how many rows it dealt with, the rest being owned by other callers.

    What a lost connection keeps from being recorded is noted, and the error raised (`cuts.say`).
    """
    with engine.own("call", [row.pk for row in rows]) as mine:
        owned = [row for row in rows if row.pk in mine and not _is_early(row, now)]
        for row in rows:
            if row not in owned:
                _unchanged(row).update(next_at=now + LOOK_AGAIN)
        dealt_with = sum(_decide(row) for row in owned)
        to_make = [row for row in owned if row.state in (State.TO_CALL, State.CALLING)]
        begun = _begin(engine, to_make, now)
        for row in begun:
            metrics.begun(row)
        if begun:
            _make(engine, parking.handler_of(begun[0]), begun, now)
    return dealt_with + len(begun)


def _is_early(row: Parked, now: datetime) -> bool:
    """Whether it is too early to say that a death makes the row a dead letter."""
    last = row.state == State.CALLING and row.deaths + 1 >= conf.get("max_deaths")
    return last and not cuts.is_credible(row, now)


def _decide(row: Parked) -> bool:
    """Whether there is something else to do than to call; it is done, and the row says so."""
    died = row.state == State.CALLING
    deaths = row.deaths + 1 if died else 0
    changes: dict[str, Any] = {}
    if parking.state_to_run(row) == State.RETRYING:  # a plain handler now, or none
        changes = {"state": State.RETRYING}
    elif died and parking.handler_of(row).on_crash == "hold":
        changes = {"state": State.DEAD, "error": UNKNOWN}
    elif deaths >= conf.get("max_deaths"):
        changes = {"state": State.DEAD, "error": parking.describe(WorkerDied(f"{deaths} times."))}
    if changes:
        changed = _unchanged(row).update(**changes, deaths=0, begun_at=None)
        row.state = changes["state"]
        if changed and row.state == State.DEAD:
            metrics.failed(row, row.state)
            parking.report(row.subscriber, row, row.state, WorkerDied.__name__)
        return changed == 1
    row.deaths = deaths
    return False


def _begin(engine: Engine, rows: Sequence[Parked], now: datetime) -> list[Parked]:
    """Commit the attempts; the rows as they are now, without those that have changed since they
    were read, or rest."""
    read = {row.pk: row for row in rows}
    begun: list[Parked] = []
    with cuts.noted(engine, begun, now), transaction.atomic(using=engine.connection.alias):
        found = parking.runnable().filter(pk__in=read).select_for_update().order_by("position")
        begun += [row for row in found if _is_same(row, read[row.pk])]
        attempt = {"state": State.CALLING, "begun_at": now, "next_at": now + LOOK_AGAIN}
        for deaths in {read[row.pk].deaths for row in begun}:
            mine = [row.pk for row in begun if read[row.pk].deaths == deaths]
            attempts = F("attempts") + 1
            parking.rows().filter(pk__in=mine).update(**attempt, deaths=deaths, attempts=attempts)
        for row in begun:
            row.state, row.attempts, row.begun_at = State.CALLING, row.attempts + 1, now
    return begun


def _make(engine: Engine, handler: Handler, rows: list[Parked], now: datetime) -> None:
    """Make the calls and record what each brought; what one of them did loses no other's result."""
    results: Sequence[Record | Exception]
    try:
        with watched(handler.subscriber, seconds=conf.get("call_seconds") * len(rows)):
            results = _results(handler, rows)
    except Exception as error:
        results = [error] * len(rows)
    made = [(r, s) for r, s in zip(rows, results, strict=True) if not isinstance(s, Exception)]
    held = [row for row, _ in made] if handler.on_crash == "hold" else []
    with cuts.noted(engine, rows, now, made=held):
        if len(made) == 1 or not _record_together(engine, handler, made):
            for row, record in made:
                _record_or_fail(engine, handler, row, record, now)
        for row, result in zip(rows, results, strict=True):
            if isinstance(result, Exception):
                _record_failure(engine, row, result, now)


def _record_together(engine: Engine, handler: Handler, made: list[tuple[Parked, Record]]) -> bool:
    """One commit for all; False when one of them stands in the others' way."""
    try:
        _insist(engine, lambda: _record(engine, handler, made))
    except Exception as error:
        if not engine.connection.is_usable():
            raise
        logger.info("recorded apart, as together they failed: %r", error)
        return False
    return True


def _insist[T](engine: Engine, record: Callable[[], T]) -> T:
    """Do it again after a transient error of the database, which says nothing about the call: its
    result is known only here. The row may be another's by then, and the result is dropped."""
    for pause in PAUSES:
        try:
            return record()
        except Exception as error:
            if not engine.is_transient(error):
                raise
        if not engine.connection.is_usable():
            engine.connection.close()
        time.sleep(random.uniform(pause / 2, pause))
    return record()


def _results(handler: Handler, rows: list[Parked]) -> Sequence[Record | Exception]:
    """What the calls brought, one for each row; raises what the handler raises."""
    since = time.perf_counter()
    try:
        results = invoke(handler, [parking.envelope_of(row) for row in rows])
    finally:
        metrics.called(rows[0], time.perf_counter() - since)
    if not handler.batch:
        return [results]
    results = list(results)
    if len(results) != len(rows):
        raise NotAsManyResults(f"{len(results)} for {len(rows)}.")
    return results


def _record_or_fail(
    engine: Engine, handler: Handler, row: Parked, result: Record, now: datetime
) -> None:
    try:
        _insist(engine, lambda: _record(engine, handler, [(row, result)]))
    except Exception as error:
        _record_failure(engine, row, error, now, made=handler.on_crash == "hold")


def _record(engine: Engine, handler: Handler, made: Iterable[tuple[Parked, Any]]) -> None:
    results = {row.pk: record for row, record in made}
    with transaction.atomic(using=engine.connection.alias):
        mine = _still_mine(engine, [row for row, _ in made])  # of another, his result counts
        with writing.together(engine):
            _tell(handler, [(row, results[row.pk]) for row in mine if results[row.pk] is not None])
        parking.finish(mine, now=engine.clock())
    for row in mine:
        metrics.settled(row)


def _tell(handler: Handler, results: Sequence[tuple[Parked, Any]]) -> None:
    if handler.record is None:
        for row, record in results:
            with Handling([parking.envelope_of(row)], handler.subscriber):
                record()
    elif results:
        events = [parking.envelope_of(row) for row, _ in results]
        with Handling(events, handler.subscriber):
            handler.record([value for _, value in results])


def _record_failure(
    engine: Engine, row: Parked, error: Exception, now: datetime, *, made: bool = False
) -> None:
    """With `made` it must not be called again: a person decides."""
    failed = parking.after_failure(error, attempts=row.attempts, cuts=row.cuts, now=now)
    failed |= parking.after_call(failed, made=made)

    def record() -> bool:
        with transaction.atomic(using=engine.connection.alias):
            mine = _still_mine(engine, [row])
            return bool(mine) and parking.rows().filter(pk=row.pk).update(**failed) == 1

    if _insist(engine, record):
        metrics.failed(row, failed["state"])
        parking.report(row.subscriber, row, failed["state"], type(error).__name__)


def _still_mine(engine: Engine, rows: Sequence[Parked]) -> list[Parked]:
    """Those that are as they were read, under the locks of their cursors."""
    held: list[Claim] = []
    for row in sorted(rows, key=lambda row: row.shard):  # one order of locks
        if not any(claim.lo <= row.shard < claim.hi for claim in held):
            held += filter(None, [engine.hold(row.subscriber, row.shard, wait=True)])
    found = parking.rows().only("state", "attempts").in_bulk([row.pk for row in rows])
    return [row for row in rows if row.pk in found and _is_same(found[row.pk], row)]


def _unchanged(row: Parked) -> QuerySet[Parked]:
    """The row, if it is still as it was read."""
    return parking.rows().filter(pk=row.pk, attempts=row.attempts, state=row.state)


def _is_same(now: Parked, read: Parked) -> bool:
    return (now.attempts, now.state) == (read.attempts, read.state)
