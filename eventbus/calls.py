"""External calls: made outside any transaction, owned while they last, recorded once.

The attempt is committed before the call. The caller owns the call by a lock that the system
frees at its death; whoever finds the row begun and the lock free knows that its caller died.
The result is recorded by compare-and-set on the attempt: a loser's is dropped.

A batch handler makes several at once: one commit for all attempts, the calls, one for all results.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from eventbus import conf, metrics, parking
from eventbus.delivery import invoke
from eventbus.engines import Engine
from eventbus.errors import NotAsManyResults, WorkerDied
from eventbus.handling import handling
from eventbus.models import Parked
from eventbus.registry import Handler
from eventbus.watchdog import watched

State = Parked.State
Record = Callable[[], object] | None
MADE = "The call was made, but its result could not be recorded.\n"
UNKNOWN = "The process died during the call: whether it took effect is unknown."
LOOK_AGAIN = timedelta(seconds=1)  # a begun call is looked at this often: is its caller alive?


def call(engine: Engine, rows: Sequence[Parked], *, now: datetime) -> int:
    """Make the calls that the rows stand for, all of one handler, and several only if it takes a
    batch; says how many rows it dealt with, the rest being owned by other callers."""
    with engine.own("call", [row.pk for row in rows]) as mine:
        owned = [row for row in rows if row.pk in mine]
        for row in rows:
            if row.pk not in mine:
                _unchanged(row).update(next_at=now + LOOK_AGAIN)
        dealt_with = sum(_decide(row) for row in owned)
        with transaction.atomic(using=engine.connection.alias):
            begun = [row for row in owned if row.state in (State.TO_CALL, State.CALLING)]
            begun = [row for row in begun if _begin(row, now)]
        for row in begun:
            metrics.begun(row)
        if begun:
            _make(engine, parking.handler_of(begun[0]), begun, now)
    return dealt_with + len(begun)


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
        return changed == 1
    row.deaths = deaths
    return False


def _begin(row: Parked, now: datetime) -> bool:
    """Commit the attempt; False when the row has changed since it was read, or rests."""
    changed = _unchanged(row, among=parking.runnable()).update(
        state=State.CALLING,
        attempts=row.attempts + 1,
        deaths=row.deaths,
        begun_at=now,
        next_at=now + LOOK_AGAIN,
    )
    row.attempts, row.state = row.attempts + 1, State.CALLING
    if changed:
        row.refresh_from_db(fields=["payload"])  # an operator may have edited it
    return changed == 1


def _make(engine: Engine, handler: Handler, rows: list[Parked], now: datetime) -> None:
    try:
        with watched(handler.subscriber, seconds=conf.get("call_seconds")):
            results = _results(handler, rows)
    except Exception as error:
        for row in rows:
            failed = parking.after_failure(error, attempts=row.attempts, now=now)
            _record_failure(engine, row, failed)
        return
    for row, result in zip(rows, results, strict=True):
        if isinstance(result, Exception):
            failed = parking.after_failure(result, attempts=row.attempts, now=now)
            _record_failure(engine, row, failed)
    made = [(r, s) for r, s in zip(rows, results, strict=True) if not isinstance(s, Exception)]
    try:
        if len(made) > 1:
            _record(engine, handler, made)
            return
    except Exception as error:  # not all together, so each alone
        if not engine.connection.is_usable():
            raise error from None
    for row, result in made:
        _record_or_fail(engine, handler, row, result, now)


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
        _record(engine, handler, [(row, result)])
    except Exception as error:
        failed = parking.after_failure(error, attempts=row.attempts, now=now)
        if handler.on_crash == "hold":
            failed |= {"state": State.DEAD, "error": MADE + failed["error"]}
        _record_failure(engine, row, failed)


def _record(engine: Engine, handler: Handler, made: Iterable[tuple[Parked, Any]]) -> None:
    recorded = []
    with transaction.atomic(using=engine.connection.alias):
        for row, record in sorted(made, key=lambda each: each[0].shard):  # one order of locks
            if not _still_mine(engine, row):
                continue  # somebody else's result counts
            if record is not None:
                with handling([parking.envelope_of(row)], handler.subscriber):
                    record()
            parking.finish(row, now=engine.clock())
            recorded.append(row)
    for row in recorded:
        metrics.settled(row)


def _record_failure(engine: Engine, row: Parked, failed: dict[str, Any]) -> None:
    if failed["state"] == State.RETRYING:
        failed["state"] = State.TO_CALL
    with transaction.atomic(using=engine.connection.alias):
        if not _still_mine(engine, row):
            return
        parking.rows().filter(pk=row.pk).update(**failed)
    metrics.failed(row, failed["state"])


def _still_mine(engine: Engine, row: Parked) -> bool:
    engine.hold(row.subscriber, row.shard, wait=True)
    return _unchanged(row).exists()


def _unchanged(row: Parked, *, among: QuerySet[Parked] | None = None) -> QuerySet[Parked]:
    """The row, if it is still as it was read."""
    rows = parking.rows() if among is None else among
    return rows.filter(pk=row.pk, attempts=row.attempts, state=row.state)
