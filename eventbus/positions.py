"""Where in the log to begin: for a new subscriber, and for a replay."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from eventbus.engines import Engine
from eventbus.engines.history import Position
from eventbus.errors import BusError

Word = Literal["beginning", "now"]
Where = Word | datetime | UUID


class NoSuchPlace(BusError, LookupError):
    """That is no place in the log: say "beginning", "now", a time with its zone, or the id of an
    event that the log still has."""


def position_at(engine: Engine, where: Where) -> Position:
    """The cursor's (tick, pos) from which it will handle every event from `where` on.

    On PostgreSQL also some that were committed shortly before, as ticks are coarser than
    events; never fewer. Raises NoSuchPlace.
    """
    if isinstance(where, UUID):
        return _before(engine, where)
    if isinstance(where, datetime):
        if where.tzinfo is None:
            raise NoSuchPlace(f"{where} has no zone.")
        return engine.before_time(where)
    if where == "beginning":
        return engine.beginning()
    if where == "now":
        return engine.end()
    raise NoSuchPlace(f"Not: {where!r}.")


def place(text: str) -> Where:
    """What an operator wrote: beginning, now, an ISO 8601 time with its zone, or an event's id.

    Raises NoSuchPlace.
    """
    for word in get_args(Word):
        if text == word:
            return word  # type: ignore[no-any-return]
    for read in (UUID, datetime.fromisoformat):
        try:
            found: UUID | datetime = read(text)
        except ValueError:
            continue
        return found
    raise NoSuchPlace(f"Not: {text!r}.")


def _before(engine: Engine, event_id: UUID) -> Position:
    found = engine.before_event(event_id)
    if found is None:
        raise NoSuchPlace(f"No event {event_id}.")
    return found
