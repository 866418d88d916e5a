"""The interface of an engine, and what both share.

Reading is by `Claim`: the lock of one cursor row, held by the transaction that runs the
handlers. A killed worker's lock dies with its connection, so nothing is ever left to rescue.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus.envelope import Envelope

COLUMNS = (
    "event_id", "name", "version", "source", "key",
    "shard", "payload", "headers", "subject", "occurred_at",
)  # fmt: skip


def insert(table: str, columns: Sequence[str]) -> str:
    """The statement that inserts one row."""
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


APPEND = insert("eventbus_event", COLUMNS)
SCHEDULE = insert("eventbus_scheduled", (*COLUMNS, "due_at"))
READ = "e.id, e.event_id, e.name, e.version, e.source, e.key, e.payload, e.headers, e.occurred_at"


@dataclass(slots=True)
class Claim:
    """A locked cursor, as it stood when it was locked."""

    cursor: int
    subscriber: str
    lo: int
    hi: int
    tick: int | None
    target: int | None
    pos: int


class Engine(ABC):
    """What the bus asks of a database."""

    TRANSIENT: ClassVar[tuple[str, ...]]  # see `is_transient`

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection
        self.by_id = False  # inside a test's own transaction: read by id, without ticks

    # Writing ----------------------------------------------------------------------------------
    def append(self, row: dict[str, Any]) -> None:
        """Insert one event into the log; `payload` and `headers` are JSON text."""
        with self.connection.cursor() as cursor:
            cursor.execute(APPEND, self._adapt(row))

    def schedule(self, row: dict[str, Any], at: datetime) -> None:
        """Insert one event that is to be appended when `at` has come."""
        due_at = self.connection.ops.adapt_datetimefield_value(at)
        with self.connection.cursor() as cursor:
            cursor.execute(SCHEDULE, [*self._adapt(row), due_at])

    def unschedule(self, name: str, key: str) -> int:
        """Delete the scheduled events of that name and key; says how many."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "DELETE FROM eventbus_scheduled WHERE name = %s AND key = %s", [name, key]
            )
            return int(cursor.rowcount)

    @abstractmethod
    def _adapt(self, row: dict[str, Any]) -> list[Any]: ...

    # Reading ----------------------------------------------------------------------------------
    @abstractmethod
    def pending(self, subscriber: str, names: Collection[str]) -> list[int]:
        """The cursors of the subscriber that have an event to read; a read, without locks."""

    @abstractmethod
    def lag(self, cursor: int, names: Collection[str]) -> int:
        """How many events lie before the cursor."""

    @abstractmethod
    def lagging(self, subscriber: str) -> list[int]:
        """The cursors that stand behind the log's end, be there something for them or not."""

    @abstractmethod
    def refresh(self) -> None:
        """Let claims from now on see every event committed so far."""

    def claim(self, cursor: int) -> Claim | None:
        """Lock the cursor in the transaction that is open; None when it is paused, gone or held
        by another worker."""
        return self._claim("id = %s AND NOT paused", [cursor], skip_locked=True)

    def hold(self, subscriber: str, shard: int, *, wait: bool) -> Claim | None:
        """Lock the cursor whose range has `shard`; without `wait`, None when it is held."""
        where = "subscriber = %s AND lo <= %s AND hi > %s"
        return self._claim(where, [subscriber, shard, shard], skip_locked=not wait)

    @abstractmethod
    def _claim(self, where: str, params: list[Any], *, skip_locked: bool) -> Claim | None: ...

    @abstractmethod
    def fetch(self, claim: Claim, names: Collection[str], limit: int) -> list[Envelope]:
        """The next events for the claim, at most `limit`, in the order to handle them."""

    @abstractmethod
    def advance(self, claim: Claim, last: int, *, complete: bool) -> None:
        """Move the cursor past the event `last` (0: none); `complete` says that everything the
        fetch could see is handled."""

    # Ownership of an external call --------------------------------------------------------------
    @abstractmethod
    def own(self, call: int) -> Any:
        """A context manager: True while this process owns the call, by a lock that the system
        frees when the process or its connection dies; False when another owns it."""

    # Time, errors, connections ------------------------------------------------------------------
    @abstractmethod
    def clock(self) -> datetime:
        """The database's time: the only one that leases, backoff and schedules go by."""

    @abstractmethod
    def is_transient(self, error: BaseException) -> bool:
        """Whether the error says nothing about the event: a deadlock, a lost connection."""

    def release(self) -> None:
        """Close what the engine holds beside the application's connection; here: nothing."""
        return

    def close(self) -> None:
        """Close every connection of this thread to the bus's database."""
        self.release()
        self.connection.close()

    @contextmanager
    def reading_by_id(self) -> Iterator[None]:
        """For tests inside a transaction, which no other connection can see into."""
        before, self.by_id = self.by_id, True
        try:
            yield
        finally:
            self.by_id = before

    def _rows(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())

    def _envelopes(self, sql: str, params: Sequence[Any]) -> list[Envelope]:
        return [self._envelope(row) for row in self._rows(sql, params)]

    def _envelope(self, row: tuple[Any, ...]) -> Envelope:
        position, event_id, name, version, source, key, payload, headers, occurred_at = row
        return Envelope(
            position=position,
            event_id=self._uuid(event_id),
            name=name,
            version=version,
            source=source,
            key=key,
            payload=json.loads(payload),
            headers=json.loads(headers),
            occurred_at=self._time(occurred_at),
        )

    def _uuid(self, value: Any) -> UUID:
        return value if isinstance(value, UUID) else UUID(value)

    def _time(self, value: Any) -> datetime:
        return value  # type: ignore[no-any-return]


def is_operational(error: BaseException) -> bool:
    """Whether the database, not the statement, was at fault."""
    return isinstance(error, OperationalError)
