"""Subscribers that are gone, renamed or new."""

from typing import Any

from django.db import IntegrityError
from django.db.models import QuerySet

from eventbus import conf, parking
from eventbus.errors import NotFound, Refused
from eventbus.models import Cursor, Intervention, Parked, PausedKey
from eventbus.operating import audit
from eventbus.operating.change import change, cursors, lock, unknown
from eventbus.positions import Where, position_at
from eventbus.registry import subscribers

Act = Intervention.Act


def drop(subscriber: str, *, by: str, reason: str, force: bool = False) -> int:
    """Forget a subscriber that the code has no more: its cursors, paused keys and parked events;
    says how many parked events that were.

    Raises NotFound when there is nothing of it; Refused when the code still has it, and, unless
    `force`, when it has parked events, which would be lost; or without a reason.
    """
    audit.demand(reason)
    if subscriber in subscribers:
        raise Refused(f"the code still has {subscriber}.")
    with change():
        _lock_what_is_left(subscriber)
        parked = parking.rows().filter(subscriber=subscriber)
        count = parked.count()
        if count and not force:
            raise Refused(f"{subscriber} has {count} parked events: skip them, or force it.")
        parked.delete()
        _paused_keys(subscriber).delete()
        cursors().filter(subscriber=subscriber).delete()
        audit.record(Act.DROP, by=by, reason=reason, subscriber=subscriber)
    return count


def _lock_what_is_left(subscriber: str) -> None:
    try:
        lock(subscriber)
    except NotFound:
        left = parking.rows().filter(subscriber=subscriber), _paused_keys(subscriber)
        if not any(rows.exists() for rows in left):
            raise


def rename(old: str, new: str, *, by: str, reason: str = "") -> None:
    """Let `new` go on where `old` stood: its cursors, parked events, paused keys and the record of
    what operators did are `new`'s from now on. For a deployment whose code has `new` instead of
    `old`, before its workers start.

    Raises NotFound when `old` has no cursor; Refused when the code still has it, a call for it is
    under way, or `new` has begun to read.
    """
    if old == new or old in subscribers:
        raise Refused(f"the code still has {old}." if old in subscribers else "it has that name.")
    try:
        with change():
            held = {name: _lock_if_any(name) for name in sorted({old, new})}  # one order of locks
            if not held[old]:
                raise unknown(old)
            _make_room(new, held[new])
            _demand_no_call(old)
            for rows in _all_of(old):
                rows.update(subscriber=new)
            audit.record(Act.RENAME, by=by, reason=reason or f"was {old}", subscriber=new)
    except IntegrityError as error:
        raise Refused(f"{new} has just begun to read.") from error


def _lock_if_any(subscriber: str) -> list[Cursor]:
    try:
        return lock(subscriber)
    except NotFound:
        return []


def _make_room(new: str, ranges: list[Cursor]) -> None:
    """Delete the cursors that a migration gave to `new`, if nothing has come of them."""
    if any(map(_has_moved, ranges)):
        raise Refused(f"{new} has begun to read.")
    if parking.rows().filter(subscriber=new).exists() or _paused_keys(new).exists():
        raise Refused(f"{new} has parked events or paused keys.")
    cursors().filter(subscriber=new).delete()


def _demand_no_call(subscriber: str) -> None:
    calling = parking.rows().filter(subscriber=subscriber, state=Parked.State.CALLING)
    if calling.exists():
        raise Refused(f"an external call of {subscriber} is under way: stop its workers first.")


def _all_of(subscriber: str) -> tuple[QuerySet[Any], ...]:
    interventions = Intervention.objects.using(conf.get("database"))
    return (
        cursors().filter(subscriber=subscriber),
        parking.rows().filter(subscriber=subscriber),
        _paused_keys(subscriber),
        interventions.filter(subscriber=subscriber),
    )


def start(subscriber: str, at: Where, *, by: str, reason: str = "") -> None:
    """Let a subscriber that has not begun to read begin there: at the "beginning" of the log,
    "now", at a time, or with an event, by its id.

    Raises NotFound when it has no cursor, Refused when it has begun to read, and NoSuchPlace.
    """
    with change() as bus:
        if any(map(_has_moved, lock(subscriber))):
            raise Refused(f"{subscriber} has begun to read: `replay` goes back.")
        tick, position = position_at(bus, at)
        cursors().filter(subscriber=subscriber).update(tick=tick, target=None, pos=position)
        audit.record(Act.START, by=by, reason=reason or f"at {at}", subscriber=subscriber)


def _has_moved(cursor: Cursor) -> bool:
    return cursor.moved_at is not None


def _paused_keys(subscriber: str) -> QuerySet[PausedKey]:
    return PausedKey.objects.using(conf.get("database")).filter(subscriber=subscriber)
