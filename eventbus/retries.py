"""Running parked events again, one a transaction, under their cursor's lock.

Like a call outside, an attempt is committed before it is made, and owned meanwhile: an event that
kills its worker is a dead letter after a few deaths. One whose connection broke is no death.
"""

import time
from collections import Counter
from datetime import datetime

from django.db import transaction

from eventbus import conf, cuts, metrics, parking, writing
from eventbus.delivery import rerun
from eventbus.engines import Claim, Engine
from eventbus.errors import WorkerDied
from eventbus.models import Parked
from eventbus.retry import backoff
from eventbus.watchdog import watched


def retry(engine: Engine, row: Parked, *, now: datetime) -> bool:
    """Handle the parked event now; False when another worker has its cursor or was faster.

    A failure is recorded with the next time to try. When the connection is lost, the error is
    raised, and the failure recorded when there is one again (`cuts.say`).
    """
    with engine.own("call", [row.pk]) as mine, cuts.noted(engine, [row], now):
        if not mine or not _begin(engine, row, now):
            return False
        if row.state != Parked.State.RETRYING:
            return True
        try:
            with watched(row.subscriber):
                if _handle(engine, row, now):
                    return True
            _take_back(row, now)  # another worker has the cursor: nothing was tried
            return False
        except Exception as error:
            if engine.is_transient(error) and not engine.connection.is_usable():
                raise
            return _record_failure(engine, row, error, now=now)


def _begin(engine: Engine, row: Parked, now: datetime) -> bool:
    """Commit the attempt, or what has become of the row instead; False when it has changed since
    it was read, or its cursor is held."""
    deaths = row.deaths + 1 if row.begun_at else 0
    with transaction.atomic(using=engine.connection.alias):
        claim = _unchanged(engine, row)
        if claim is None or not parking.runnable().filter(pk=row.pk).exists():
            return False
        if parking.state_to_run(row) == Parked.State.TO_CALL:  # it has become a call
            row.state = Parked.State.TO_CALL
        elif deaths >= conf.get("max_deaths"):
            if not cuts.is_credible(row, now):
                return False
            row.state = Parked.State.DEAD
            row.error = parking.describe(WorkerDied(f"{deaths} times."))
            row.begun_at, row.deaths = None, 0
        else:
            row.attempts, row.begun_at, row.deaths = row.attempts + 1, now, deaths
            row.next_at = now + backoff(row.attempts)  # if this one dies
        row.save(update_fields=["state", "error", "attempts", "begun_at", "deaths", "next_at"])
    if row.state == Parked.State.DEAD:
        metrics.failed(row, row.state)
        parking.report(row.subscriber, row, row.state, WorkerDied.__name__)
    elif row.state == Parked.State.RETRYING:
        metrics.begun(row)
    return True


def _handle(engine: Engine, row: Parked, now: datetime) -> bool:
    with transaction.atomic(using=engine.connection.alias):
        claim = _unchanged(engine, row)
        if claim is None:
            return False
        muted: Counter[str] = Counter()
        since = time.perf_counter()
        with writing.together(engine):
            rerun(parking.handler_of(row), parking.envelope_of(row), muted)
        seconds = time.perf_counter() - since
        if muted:
            parking.count_muted(claim.cursor, muted)
        parking.finish([row], now=now)
    metrics.called(row, seconds)
    metrics.settled(row)
    return True


def _unchanged(engine: Engine, row: Parked) -> Claim | None:
    """The lock of the row's cursor, if the row is to be tried as it was read; its event is then
    what it is by now."""
    claim = engine.hold(row.subscriber, row.shard, wait=False)
    same = parking.rows().filter(pk=row.pk, attempts=row.attempts, state=Parked.State.RETRYING)
    now = same.first() if claim else None
    if now is None:
        return None
    # An operator may have edited it, or its subject have been erased.
    row.payload, row.headers = now.payload, now.headers
    return claim


def _take_back(row: Parked, now: datetime) -> None:
    """The attempt said nothing about the event: it does not count."""
    parking.rows().filter(pk=row.pk, attempts=row.attempts, state=row.state).update(
        attempts=row.attempts - 1, begun_at=None, next_at=now
    )


def _record_failure(engine: Engine, row: Parked, error: Exception, *, now: datetime) -> bool:
    failed = parking.after_failure(error, attempts=row.attempts, cuts=row.cuts, now=now)
    with transaction.atomic(using=engine.connection.alias):
        engine.hold(row.subscriber, row.shard, wait=True)
        mine = parking.rows().filter(pk=row.pk, attempts=row.attempts, state=row.state)
        recorded = mine.update(**failed) == 1
    if recorded:
        metrics.failed(row, failed["state"])
        parking.report(row.subscriber, row, failed["state"], type(error).__name__)
    return recorded
