"""Running parked events again, one a transaction, under their cursor's lock."""

from datetime import datetime

from django.db import transaction

from eventbus import parking
from eventbus.delivery import invoke
from eventbus.engines import Engine
from eventbus.models import Parked


def retry(engine: Engine, row: Parked, *, now: datetime) -> bool:
    """Handle the parked event now; False when another worker has its cursor or was faster.

    A failure is recorded with the next time to try; a transient error of the database leaves
    everything as it was, and is raised.
    """
    try:
        with transaction.atomic(using=engine.connection.alias):
            held = _hold(engine, row)
            if held is None:
                return False
            if parking.state_to_run(held) == Parked.State.TO_CALL:  # it has become a call
                parking.rows().filter(pk=held.pk).update(state=Parked.State.TO_CALL)
                return True
            invoke(parking.handler_of(held), parking.envelope_of(held))
            parking.finish(held, now=now)
        return True
    except Exception as error:
        if engine.is_transient(error):
            raise
        return _record_failure(engine, row, error, now=now)


def _hold(engine: Engine, row: Parked) -> Parked | None:
    """The row as it is under its cursor's lock, if this attempt is still to be made."""
    if engine.hold(row.subscriber, row.shard, wait=False) is None:
        return None
    return (
        parking.rows().filter(pk=row.pk, attempts=row.attempts, state=Parked.State.RETRYING).first()
    )


def _record_failure(engine: Engine, row: Parked, error: Exception, *, now: datetime) -> bool:
    with transaction.atomic(using=engine.connection.alias):
        held = _hold(engine, row)
        if held is None:
            return False
        failed = parking.after_failure(error, attempts=row.attempts + 1, now=now)
        parking.rows().filter(pk=held.pk).update(**failed)
    return True
