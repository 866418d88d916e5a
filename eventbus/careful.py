"""How an event that kills, hangs or cuts off its worker is found.

A worker's first batch of a range, after its own start, a lost connection or errors that should
have passed, is begun in writing. Whoever finds such a batch begun and not ended takes its events
one by one, each begun in writing too. One that has not ended then is parked, whatever the reason,
and the range goes on: whether it kills its workers is found out aside (`retries.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from eventbus import metrics, rebuilding
from eventbus.delivery import park_first, run_batch
from eventbus.engines import Engine
from eventbus.engines.base import Move, Wanted
from eventbus.envelope import Envelope
from eventbus.errors import NotEnded
from eventbus.models import Cursor
from eventbus.registry import Subscriber


@dataclass(frozen=True, slots=True)
class Step:
    """How a careful step went."""

    moved: int = 0  # events that the cursor was moved past
    calm: bool = False  # nothing is suspicious any more: the next batch is an ordinary one


@dataclass(frozen=True, slots=True)
class Begun:
    """What is written down before it is done."""

    events: Sequence[Envelope]
    alone: bool  # one event, because the batch it was in did not end
    times: int = 1  # that it was begun by now


def step(engine: Engine, subscriber: Subscriber, cursor: int, *, limit: int) -> Step:
    """Handle the cursor's next events, at most `limit`, or only one when they are suspicious.

    Only one careful worker at a time has a range, so only what ended badly counts. A transient
    error of the database leaves this function, as from `run_batch`; but when it was met by one
    event alone and the connection is still there, that one is parked, to be tried again later.
    """
    with engine.own("range", [cursor]) as mine:
        if not mine:
            metrics.conflicted()
            return Step()
        begun = _begin(engine, subscriber, cursor, limit)
        if begun is None:
            return Step()
        if not begun.events:
            return Step(calm=True)
        if not begun.alone:
            return Step(run_batch(engine, subscriber, cursor, limit=len(begun.events)), calm=True)
        return Step(_handle_alone(engine, subscriber, cursor, begun))


def _begin(engine: Engine, subscriber: Subscriber, cursor: int, limit: int) -> Begun | None:
    """Commit what is going to be done, which may be nothing; None when the cursor is held."""
    with transaction.atomic(using=engine.connection.alias):
        claim = engine.claim(cursor)
        if claim is None:
            return None
        suspicious = claim.careful_until is not None
        events = engine.fetch(Wanted(claim, subscriber.handlers, 1 if suspicious else limit)).events
        if not events:
            engine.advance(Move(claim, 0, complete=True))
            rebuilding.finish_if_done(engine, cursor)
            return Begun((), alone=False)
        first, until = events[0].position, claim.careful_until
        if until is None or first > until:
            engine.be_careful(claim, events[-1].position, suspect=None, begun=0)
            return Begun(events, alone=False)
        times = claim.begun + 1 if claim.suspect == first else 1
        engine.be_careful(claim, until, suspect=first, begun=times)
        return Begun(events, alone=True, times=times)


def _handle_alone(engine: Engine, subscriber: Subscriber, cursor: int, begun: Begun) -> int:
    event = begun.events[0]
    if begun.times > 1:
        return park_first(engine, subscriber, cursor, event, NotEnded())
    try:
        moved = run_batch(engine, subscriber, cursor, limit=1)
    except Exception as error:
        if not engine.connection.is_usable():
            raise  # who comes next finds it begun and not ended
        return park_first(engine, subscriber, cursor, event, error)
    if not moved:
        _take_back(engine, cursor, begun)
    return moved


def _take_back(engine: Engine, cursor: int, begun: Begun) -> None:
    """The cursor was held by another: nothing was tried, nobody died."""
    mine = Cursor.objects.using(engine.connection.alias).filter(
        pk=cursor, suspect=begun.events[0].position, begun=begun.times
    )
    mine.update(begun=begun.times - 1)
