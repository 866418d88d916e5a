"""One event at a time, each begun in writing: how an event that kills, hangs or cuts off its
worker is found.

A worker is careful on a range's first events after its own start, after a lost connection and
when errors that should pass do not. The attempt is committed before the event is handled, so
its end without a trace is seen by the next careful worker; a few in a row, and it is parked.
"""

from django.db import transaction

from eventbus import conf
from eventbus.delivery import park_first, run_batch
from eventbus.engines import Engine
from eventbus.envelope import Envelope
from eventbus.errors import WorkerDied
from eventbus.registry import Subscriber


def step(engine: Engine, subscriber: Subscriber, cursor: int) -> int | None:
    """Handle the cursor's next event; says how many were moved past, or None when another
    careful worker has the range. Only one counts at a time, and only what ended badly counts.

    A transient error of the database leaves this function, as from `run_batch`, until there have
    been so many for this event that it is parked, to be tried again later.
    """
    with engine.own("range", [cursor]) as mine:
        if not mine:
            return None
        event, begun = _begin(engine, subscriber, cursor)
        if event is None:
            return 0
        if begun > conf.get("max_deaths"):
            return park_first(engine, subscriber, cursor, event, WorkerDied(f"{begun - 1} times."))
        try:
            return run_batch(engine, subscriber, cursor, limit=1)
        except Exception as error:
            if begun < conf.get("max_deaths") or not engine.connection.is_usable():
                raise
            return park_first(engine, subscriber, cursor, event, error)


def _begin(engine: Engine, subscriber: Subscriber, cursor: int) -> tuple[Envelope | None, int]:
    """Commit that the cursor's next event is begun; the event, and how often it was by now."""
    with transaction.atomic(using=engine.connection.alias):
        claim = engine.claim(cursor)
        if claim is None:
            return None, 0
        fetched = engine.fetch(claim, subscriber.handlers, 1)
        if not fetched.events:
            engine.advance(claim, 0, complete=True)
            return None, 0
        event = fetched.events[0]
        begun = claim.begun + 1 if claim.suspect == event.position else 1
        engine.suspect(claim, event.position, begun)
        return event, begun
