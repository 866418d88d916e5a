"""A clock that can be moved: for the apps, the bus and the database alike. Tests live through days
with it, and the demonstration through its past. Nothing else may."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from django.apps import apps
from django.db.models.functions import Now
from django.utils import timezone

from eventbus.engines import engine


class Clock:
    """What time it is: the real one, and what was added."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, **time: float) -> None:
        """Let that much time go by at once; the arguments are those of timedelta."""
        self.ahead += timedelta(**time)

    def set(self, at: datetime) -> None:
        """Have it be `at` now."""
        self.ahead = at - datetime.now(UTC)


@contextmanager
def moved_clock() -> Iterator[Clock]:
    """Everybody who asks django.utils.timezone, the bus's clock or the database's Now() in here is
    told what the clock says. (What uuid7 and tokens' libraries see is the real time.)"""
    clock = Clock()

    def of_bus(engine: Any) -> datetime:
        return clock.now()

    def as_sql(self: Now, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:
        return "%s", [connection.ops.adapt_datetimefield_value(clock.now())]

    look = type(engine()).look

    def look_now(engine: Any, subscribers: Any) -> Any:
        """By this clock, where the server goes by its own: each answer is then looked into."""
        seen = look(engine, subscribers)
        if engine.connection.vendor == "sqlite":  # it asks for the bus's clock
            return seen
        return replace(seen, now=clock.now(), scheduled=True, parked=True, calls=True)

    defaults = [field for field in _fields() if field.default is timezone.now]
    with (
        ExitStack() as stack,
        mock.patch.object(timezone, "now", clock.now),
        mock.patch.object(type(engine()), "clock", of_bus),
        mock.patch.object(type(engine()), "look", look_now),
        mock.patch.multiple(
            Now, as_sql=as_sql, as_postgresql=as_sql, as_sqlite=as_sql, create=True
        ),
    ):
        for field in defaults:  # they hold the function itself, once asked for in a cache too
            for name in ("default", "_get_default"):
                stack.enter_context(mock.patch.object(field, name, clock.now))
        yield clock


def _fields() -> Iterator[Any]:
    for model in apps.get_models():
        yield from model._meta.concrete_fields
