"""A shop whose whole state can be taken and put back: its tables are in memory, time moves only
when it is told to, and ids are counted. So a step from a state always leads to the same states."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from unittest import mock
from uuid import UUID

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings
from uuid_utils.compat import uuid7

from apps.notifications.models import Notification
from apps.orders.models import Order, new_number
from apps.orders.operations import sweeping
from eventbus.engines.measures import SqliteMeasures
from eventbus.engines.sqlite import SqliteEngine
from eventbus.shards import SHARDS, shard_of
from shop.clock import Clock, moved_clock

BEGIN = datetime(2030, 1, 7, 9, 1, tzinfo=UTC)
PAGE = 1024  # bytes; small pages, as a state keeps those that differ from its predecessor's
RANGES = (0, 2, 3, 4, 5, 6, 7, 1)  # of the first order, the second; the article is in 1
OF_MAILS = 7
EMPTY: list[bytes] = []  # a shop with its tables and nothing else
# Those it writes in, also where it finds no row to change.
WRITES = re.compile(r'\s*(?:INSERT (?:OR \w+ )?INTO|REPLACE INTO|UPDATE|DELETE FROM) "?(\w+)')
SETTINGS = {
    "DEBUG": False,  # it would note every statement
    "EMAIL_BACKEND": "apps.notifications.mailbox.MailboxBackend",
    "STAFF_MAIL": ["staff@example.com"],
    # However often its process is killed, an event is not left to a person: that is known.
    "EVENTBUS": {
        **settings.EVENTBUS,
        "mode": "manual",
        "max_deaths": 30_000,
        "batch_seconds": 3600,
    },
    "CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
}
IDS_ARE_DRAWN = (  # modules that draw ids when they run; models have theirs as a default
    "eventbus.outbox",
    "eventbus.handling",
    "eventbus.tracing",
    "apps.payments.operations.rows",
    "apps.payments.operations.refunding",
    "apps.payments.gateway.notices",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a state is. Pages that two states share are one object."""

    pages: tuple[bytes, ...]
    ahead: timedelta
    drawn: int
    facts: Any  # what `World.read` made of it


class SettableClock(Clock):
    """Stands still between steps."""

    def now(self) -> datetime:
        return BEGIN + self.ahead


class World:
    """The one shop of this process, and the state that it is in."""

    def __init__(self, clock: SettableClock) -> None:
        self.clock = clock
        self.drawn = 0
        self.connection: Any = connections["default"]
        self._pages: tuple[bytes, ...] = ()
        self._changes = -1  # rows changed, when these were its pages
        self._commits: list[Snapshot] | None = None
        self._facts: Any = None  # of these pages, but for the clock
        self._changed: set[str] = set()  # the tables that were written since
        self.statements: list[str] = []
        self.read: Callable[[World, Any, set[str]], Any] = lambda *_: None

    def draw(self) -> int:
        self.drawn += 1
        return self.drawn

    def draw_id(self) -> UUID:
        """As uuid7: later ones are greater."""
        stamp = int(self.clock.now().timestamp() * 1000)
        return UUID(int=stamp << 80 | 7 << 76 | 0b10 << 62 | self.draw())

    def draw_order_id(self) -> UUID:
        """Each order's in a range of its own, whenever it is placed, where there are eight."""
        ((placed,),) = self.rows("SELECT count(*) FROM orders_order")
        return self._draw_id_in(RANGES[placed])

    def draw_mail_id(self) -> UUID:
        """In a range that no order is in, or they would meet in one by chance."""
        return self._draw_id_in(OF_MAILS)

    def _draw_id_in(self, number: int) -> UUID:
        while shard_of(str(drawn := self.draw_id())) * len(RANGES) // SHARDS != number:
            pass
        return drawn

    def take(self) -> Snapshot:
        if not self._as_before():
            self._keep_pages(self.connection.connection.serialize())
        self._facts = self.read(self, self._facts, self._changed)
        self._changed = set()
        return Snapshot(self._pages, self.clock.ahead, self.drawn, self._facts)

    def put_back(self, snapshot: Snapshot) -> None:
        if self._pages is not snapshot.pages or not self._as_before():
            self.connection.connection.deserialize(b"".join(snapshot.pages))
            self._pages, self._changes = snapshot.pages, self.connection.connection.total_changes
        self._facts, self._changed = snapshot.facts, set()
        self.clock.ahead, self.drawn = snapshot.ahead, snapshot.drawn

    def forget(self) -> None:
        """Look at the tables anew: something else than rows has changed."""
        self._changes, self._facts = -1, None

    def _as_before(self) -> bool:
        return bool(self.connection.connection.total_changes == self._changes)

    def _keep_pages(self, data: bytes) -> None:
        known, self._changes = self._pages, self.connection.connection.total_changes
        pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
        for number, (page, before) in enumerate(zip(pages, known, strict=False)):
            if page == before:
                pages[number] = before
        self._pages = tuple(pages)

    def commits_of(self, step: Callable[[], object]) -> list[Snapshot]:
        """Do the step; the state after each of its commits but the last. A process that is killed
        at any statement leaves the state of the last commit before it, as nothing but the tables
        outlives a process. `statements` are then all that it has made."""
        self._commits, self.statements = [], []
        try:
            with self.connection.execute_wrapper(self._note_statement):
                step()
            return self._commits[:-1]
        finally:
            self._commits = None

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        return self.connection.connection.execute(sql, params).fetchall()  # type: ignore[no-any-return]

    def note_commit(self) -> None:
        if self._commits is not None:
            self._commits.append(self.take())

    def _note_statement(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        self.statements.append(sql := str(sql))
        if table := WRITES.match(sql):
            self._changed.add(table[1])
        result = execute(sql, params, many, context)
        if not self.connection.in_atomic_block and not sql.startswith("SELECT"):
            self.note_commit()
        return result


@contextmanager
def world() -> Iterator[World]:
    """An empty shop, with its tables, for as long as the block lasts."""
    with ExitStack() as stack:
        stack.enter_context(override_settings(**SETTINGS))
        stack.enter_context(_database_in_memory())
        stack.enter_context(mock.patch("shop.clock.Clock", SettableClock))
        clock: Any = stack.enter_context(moved_clock())
        here = World(clock)
        _count_commits(here)
        for patch in _nothing_by_chance(here):
            stack.enter_context(patch)
        yield here


@contextmanager
def _database_in_memory() -> Iterator[None]:
    before = connections["default"]
    facts = {**before.settings_dict, "ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    facts["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "init_command": f"PRAGMA page_size={PAGE}",
    }
    new = import_module("django.db.backends.sqlite3.base").DatabaseWrapper(facts, "default")
    connections["default"] = new
    try:
        _make_tables(new)
        yield
    finally:
        new.connection.close()
        connections["default"] = before


def _make_tables(connection: Any) -> None:
    """By the migrations; once a process, then as they were made."""
    if not EMPTY:
        call_command("migrate", verbosity=0)
        EMPTY.append(connection.connection.serialize())
    connection.ensure_connection()
    connection.connection.deserialize(EMPTY[0])


def _count_commits(here: World) -> None:
    commit = here.connection._commit

    def noted() -> None:
        commit()
        here.note_commit()

    here.connection._commit = noted


def _nothing_by_chance(here: World) -> Iterator[Any]:
    numbers = {uuid7: here.draw_id, new_number: lambda: f"{here.draw():08}"}
    drawn_apart: dict[Any, Any] = {Order: here.draw_order_id, Notification: here.draw_mail_id}
    for field in (field for model in apps.get_models() for field in model._meta.concrete_fields):
        if field.default in numbers:
            own = drawn_apart.get(field.model) if field.primary_key else None
            yield mock.patch.object(field, "_get_default", own or numbers[field.default])
    for module in IDS_ARE_DRAWN:
        yield mock.patch(f"{module}.uuid7", here.draw_id)

    def draw_token(*_: Any) -> str:
        return f"drawn-{here.draw():020}"

    yield mock.patch("secrets.token_urlsafe", draw_token)
    yield mock.patch("random.uniform", lambda low, high: high)
    yield mock.patch("random.random", return_value=0.5)
    # One process: nobody else can own a call, and a killed one's lock is free.
    yield mock.patch.object(SqliteEngine, "_lock", return_value=True)
    # It is found out at once that a caller has died: nothing depends on when.
    yield mock.patch("eventbus.calls.LOOK_AGAIN", timedelta())
    # Nothing is cut short because the machine is slow.
    yield mock.patch("apps.payments.calls.TOGETHER_SECONDS", 3600)
    # SQLite keeps the table of pragma_page_count() beyond the database that is put away, and then
    # reads freed memory.
    yield mock.patch.object(SqliteMeasures, "log_size", return_value=(0, 0))
    yield mock.patch.object(sweeping, "_remember")  # as after each restart
