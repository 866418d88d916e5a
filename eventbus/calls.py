"""External calls: made outside any transaction, owned while they last, recorded once.

The attempt is committed before the call. The caller owns the call by a lock that the system
frees at its death; whoever finds the row begun and the lock free knows that its caller died.
The result is recorded by compare-and-set on the attempt: a loser's is dropped.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from eventbus import parking
from eventbus.delivery import invoke
from eventbus.engines import Engine
from eventbus.handling import handling
from eventbus.models import Parked
from eventbus.registry import Handler

State = Parked.State
MADE = "The call was made, but its result could not be recorded.\n"
LOOK_AGAIN = timedelta(seconds=1)  # a begun call is looked at this often: is its caller alive?


def call(engine: Engine, row: Parked, *, now: datetime) -> bool:
    """Make the call that the row stands for; False when another caller owns it."""
    with engine.own(row.pk) as mine:
        if not mine:
            _look_again_later(row, now)
            return False
        if parking.state_to_run(row) == State.RETRYING:  # a plain handler now, or none
            return _unchanged(row).update(state=State.RETRYING) == 1
        handler = parking.handler_of(row)
        if row.state == State.CALLING and handler.on_crash == "hold":
            return _hold_for_a_person(row)
        attempt = _begin(row, now)
        if attempt is None:
            return False
        return _make(engine, handler, attempt, now)


def _begin(row: Parked, now: datetime) -> Parked | None:
    """Commit the attempt; None when the row has changed since it was read."""
    changed = _unchanged(row).update(
        state=State.CALLING, attempts=row.attempts + 1, next_at=now + LOOK_AGAIN
    )
    if not changed:
        return None
    row.attempts, row.state = row.attempts + 1, State.CALLING
    return row


def _make(engine: Engine, handler: Handler, row: Parked, now: datetime) -> bool:
    try:
        record = invoke(handler, parking.envelope_of(row))
    except Exception as error:
        _record_failure(engine, row, parking.after_failure(error, attempts=row.attempts, now=now))
        return True
    try:
        _record(engine, handler, row, record)
    except Exception as error:
        failed = parking.after_failure(error, attempts=row.attempts, now=now)
        if handler.on_crash == "hold":
            failed |= {"state": State.DEAD, "error": MADE + failed["error"]}
        _record_failure(engine, row, failed)
    return True


def _record(
    engine: Engine, handler: Handler, row: Parked, record: Callable[[], object] | None
) -> None:
    with transaction.atomic(using=engine.connection.alias):
        if not _still_mine(engine, row):
            return  # somebody else's result counts
        if record is not None:
            with handling(parking.envelope_of(row), handler.subscriber):
                record()
        parking.finish(row, now=engine.clock())


def _record_failure(engine: Engine, row: Parked, failed: dict[str, Any]) -> None:
    if failed["state"] == State.RETRYING:
        failed["state"] = State.TO_CALL
    with transaction.atomic(using=engine.connection.alias):
        if _still_mine(engine, row):
            parking.rows().filter(pk=row.pk).update(**failed)


def _still_mine(engine: Engine, row: Parked) -> bool:
    engine.hold(row.subscriber, row.shard, wait=True)
    return _unchanged(row).exists()


def _unchanged(row: Parked) -> QuerySet[Parked]:
    """The row, if it is still as it was read."""
    return parking.rows().filter(pk=row.pk, attempts=row.attempts, state=row.state)


def _look_again_later(row: Parked, now: datetime) -> None:
    _unchanged(row).update(next_at=now + LOOK_AGAIN)


def _hold_for_a_person(row: Parked) -> bool:
    _unchanged(row).update(
        state=State.DEAD,
        error="The process died during the call: whether it took effect is unknown.",
    )
    return True
