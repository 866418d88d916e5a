"""Reading again: a subscriber is rebuilt from the past, without effects outside its own tables.

The subscriber's cursors go back, and until each is where it was, what its handlers publish and
call is counted and does not happen. What had not taken effect yet does so when its turn comes:
events that were parked, and those committed too late for the position at which a cursor stood.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet

from eventbus import metrics, parking, wakeup
from eventbus.delivery import run_batch
from eventbus.engines import Engine, engine
from eventbus.engines.history import Position
from eventbus.errors import BusError
from eventbus.models import Cursor, Intervention, Parked, Rebuild
from eventbus.positions import Where, position_at
from eventbus.registry import Subscriber, subscribers

State = Parked.State
AT_ONCE = 100  # events in one batch of a dry run


class CannotReplay(BusError):
    """The subscriber cannot be rebuilt now; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a replay would do."""

    events: int  # handled
    muted: dict[str, int]  # what would not happen again, by "published NAME" and "called NAME"
    calls: int  # that were parked before, and would be due again
    failures: list[str] = field(default_factory=list)  # one line an event that failed
    waiting: int = 0  # events behind those


def replay(subscriber: str, where: Where, *, by: str, reason: str = "") -> int:
    """Let the subscriber read again from `where`, having forgotten what it had built; says how
    many of its ranges went back. The workers do the reading.

    In one transaction, with all its cursors locked: it waits for the batches that are running,
    and no other begins meanwhile. A range that is not as far as `where` stays where it is.
    Raises CannotReplay, NoSuchPlace and what a `forget` function raises; then nothing changed.
    """
    bus = engine()
    with transaction.atomic(using=bus.connection.alias):
        moved = _begin(bus, subscriber, where, by=by, reason=reason)
    wakeup.ring()
    return len(moved)


def dry_run(subscriber: str, where: Where) -> Trial:
    """What a replay would do, found out by doing all of it in one transaction that is rolled back.

    Meanwhile the subscriber stands still, and on SQLite everybody who wants to write. What only
    the COMMIT would find (foreign keys are checked there) is not found. Raises as `replay` does.
    """
    bus = engine()
    bus.refresh()
    with metrics.uncounted(), transaction.atomic(using=bus.connection.alias):
        trial = _try(bus, subscriber, where)
        transaction.set_rollback(True, using=bus.connection.alias)
    return trial


def _begin(bus: Engine, name: str, where: Where, *, by: str, reason: str = "") -> list[Cursor]:
    """Move the cursors back; those that moved."""
    bus.rewriting(wait=True)
    subscriber, cursors = _check(bus, name)
    position = position_at(bus, where)
    for forget in dict.fromkeys(handler.forget for handler in subscriber.handlers.values()):
        if forget is not None:
            forget()
    moved = [cursor for cursor in cursors if _is_behind(position, cursor)]
    for cursor in moved:
        _go_back(bus, cursor, position)
    if _parked(name).filter(state=State.CALLING).exists():  # none can begin any more: see `owe`
        raise CannotReplay(f"{name} is in the middle of an external call: try again.")
    Intervention.objects.using(bus.connection.alias).create(
        act=Intervention.Act.REPLAY,
        by=by,
        reason=reason or f"from {where}",
        subscriber=name,
        at=bus.clock(),
    )
    return moved


def _check(bus: Engine, name: str) -> tuple[Subscriber, list[Cursor]]:
    """The subscriber and its cursors, locked; raises CannotReplay."""
    subscriber = subscribers.get(name)
    if subscriber is None:
        raise CannotReplay(f"No subscriber {name!r} runs here.")
    if not subscriber.can_replay:
        stern = [handler.name for handler in subscriber.handlers.values() if not handler.replay]
        raise CannotReplay(f"{name} does not allow it (replay=True) for {', '.join(stern)}.")
    alias = bus.connection.alias
    mine = Cursor.objects.using(alias).filter(subscriber=name).order_by("lo")
    cursors = list(mine.select_for_update())
    if Rebuild.objects.using(alias).filter(cursor__in=cursors).exists():
        raise CannotReplay(f"A rebuild of {name} is under way.")
    if any(cursor.stop_at is not None for cursor in cursors):
        raise CannotReplay(f"Ranges of {name} are being merged.")
    return subscriber, cursors


def _is_behind(position: Position, cursor: Cursor) -> bool:
    """Whether something that the cursor has handled comes at the position or later."""
    tick, pos = position
    if tick is None and cursor.tick is None:
        return cursor.pos > pos
    if (tick or 0) == (cursor.tick or 0):
        return cursor.target is not None
    return (tick or 0) < (cursor.tick or 0)


def _go_back(bus: Engine, cursor: Cursor, position: Position) -> None:
    alias = bus.connection.alias
    Rebuild.objects.using(alias).create(
        cursor=cursor,
        tick=cursor.tick,
        target=cursor.target,
        pos=cursor.pos,
        started_at=bus.clock(),
    )
    tick, pos = position
    Cursor.objects.using(alias).filter(pk=cursor.pk).update(
        tick=tick, target=None, pos=pos, suspect=None, begun=0, careful_until=None
    )
    bus.owe(cursor.subscriber, cursor.lo, cursor.hi, position)


def _try(bus: Engine, name: str, where: Where) -> Trial:
    before = set(_parked(name).values_list("pk", flat=True))
    moved = _begin(bus, name, where, by="")
    events = sum(_read_again(bus, subscribers[name], cursor) for cursor in moved)
    muted: Counter[str] = Counter()
    for act in _finished(bus, name, len(moved)):
        muted.update(act.payload)
    new = _parked(name).exclude(pk__in=before)
    failed = list(new.filter(state__in=[State.RETRYING, State.DEAD]).order_by("position"))
    waiting = new.filter(state=State.WAITING).count()
    calls = new.filter(state=State.TO_CALL).count()
    return Trial(
        events=events - len(failed) - waiting,
        muted=dict(muted),
        calls=calls,
        failures=[_line(row) for row in failed],
        waiting=waiting,
    )


def _read_again(bus: Engine, subscriber: Subscriber, cursor: Cursor) -> int:
    alias, events = bus.connection.alias, 0
    Cursor.objects.using(alias).filter(pk=cursor.pk).update(paused=False)
    while Rebuild.objects.using(alias).filter(pk=cursor.pk).exists():
        events += run_batch(bus, subscriber, cursor.pk, limit=AT_ONCE)
    return events


def _finished(bus: Engine, name: str, ranges: int) -> QuerySet[Intervention]:
    acts = Intervention.objects.using(bus.connection.alias).filter(
        act=Intervention.Act.REPLAY, subscriber=name, payload__isnull=False
    )
    return acts.order_by("-id")[:ranges]


def _parked(name: str) -> QuerySet[Parked]:
    return parking.rows().filter(subscriber=name)


def _line(row: Parked) -> str:
    """The event and the last line of its error."""
    return f"{row.name} {row.key}: {row.error.strip().splitlines()[-1]}"
