"""Attempts at parked events that the database broke off, in a process that lives.

Seen from the database, a process whose connection broke looks like one that was killed: its attempt
was begun and has not ended. So the process says itself what happened, as soon as it is connected
again. An attempt that nobody says anything about was a death.
"""

import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from eventbus import metrics, parking
from eventbus.engines import Engine
from eventbus.models import Parked

# So long a process may take to say so: the worker's loop rests for up to 5 s between its tries to
# connect. A death that would make a dead letter is believed only then.
SAYING = timedelta(seconds=10)
State = Parked.State


@dataclass(frozen=True, slots=True)
class Cut:
    """An attempt that ended with its connection."""

    row: Parked  # as it was begun
    error: Exception
    made: bool  # a call that took effect and must not be made again


_unsaid: deque[Cut] = deque()  # of this process
os.register_at_fork(after_in_child=_unsaid.clear)  # the parent will say it


@contextmanager
def noted(
    engine: Engine, rows: Sequence[Parked], now: datetime, *, made: Sequence[Parked] = ()
) -> Iterator[None]:
    """Note what a transient error that leaves the block keeps from being recorded: attempts at
    those of the `rows` that were begun at `now`, perhaps without hearing that it was committed."""
    try:
        yield
    except Exception as error:
        if engine.is_transient(error):
            _unsaid.extend(Cut(row, error, row in made) for row in rows if row.begun_at == now)
        raise


def say(engine: Engine) -> None:
    """Record what this process has noted; raises what the database raises, and the rest stays to
    be said."""
    while _unsaid:
        try:
            cut = _unsaid.popleft()
        except IndexError:  # another thread was faster
            return
        try:
            _record(engine, cut)
        except Exception:
            _unsaid.append(cut)
            raise


def is_credible(row: Parked, now: datetime) -> bool:
    """Whether a process that began the row would have said by now that it lives."""
    return row.begun_at is None or row.begun_at + SAYING <= now


def _record(engine: Engine, cut: Cut) -> None:
    row = cut.row
    failed = parking.after_failure(
        cut.error, attempts=row.attempts, cuts=row.cuts, now=engine.clock()
    )
    if row.state == State.CALLING:
        failed |= parking.after_call(failed, made=cut.made)
    with transaction.atomic(using=engine.connection.alias):
        engine.hold(row.subscriber, row.shard, wait=True)
        now = parking.rows().filter(pk=row.pk)
        mine = now.filter(attempts=row.attempts, begun_at=row.begun_at)
        recorded = mine.update(**failed) == 1
        if not recorded:  # another has begun it since, and counted a death
            now.filter(attempts__gt=row.attempts, deaths__gt=0).update(deaths=F("deaths") - 1)
    if recorded:
        metrics.failed(row, failed["state"])
