"""How an operator's act changes the bus: in one transaction, under locks, and then it rings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DataError, transaction
from django.db.models import QuerySet

from eventbus import conf
from eventbus.engines import Engine, engine
from eventbus.errors import NotFound, Refused
from eventbus.models import Cursor
from eventbus.notify import announce
from eventbus.registry import subscribers


@contextmanager
def change() -> Iterator[Engine]:
    """All or nothing; workers hear of it after the commit.

    Raises Refused when the database cannot hold what was given.
    """
    bus = engine()
    alias = bus.connection.alias
    try:
        with transaction.atomic(using=alias):
            yield bus
            transaction.on_commit(announce, using=alias, robust=True)
    except DataError as error:
        raise Refused("the database cannot hold what was given (a NUL character?).") from error


def cursors() -> QuerySet[Cursor]:
    """Every cursor, in the bus's database."""
    return Cursor.objects.using(conf.get("database"))


def lock(subscriber: str) -> list[Cursor]:
    """The subscriber's cursors by their ranges, locked: no batch, retry or result is under way in
    them until the transaction ends. Raises NotFound when it has none."""
    mine = cursors().select_for_update().filter(subscriber=subscriber)
    # Who changes the ranges locks the first one first. Once it is ours they stay as they are, and
    # the second statement sees them as the last change left them.
    list(mine.filter(lo=0))
    found = list(mine.order_by("lo"))
    if not found:
        raise unknown(subscriber)
    return found


def unknown(subscriber: str) -> NotFound:
    """What to raise about a subscriber that is not there, with the names of those that are."""
    names = sorted(_names())
    return NotFound(f"subscriber {subscriber!r}. There are: {', '.join(names) or 'none'}.")


def demand_known(subscriber: str, rows: QuerySet[Any]) -> None:
    """Raises NotFound when there is no such subscriber, and none of the rows is of one that was
    there: a name that is mistyped must not look like a quiet subscriber."""
    if subscriber not in _names() and not rows.filter(subscriber=subscriber).exists():
        raise unknown(subscriber)


def _names() -> set[str]:
    return {*subscribers, *cursors().values_list("subscriber", flat=True)}
