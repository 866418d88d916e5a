"""PostgreSQL: new events are the difference of two committed snapshots ("ticks").

Neither `id >` (loses events of transactions that commit late) nor the order of transaction ids
(reorders, and stalls behind any open transaction) is right: docs/bus.md has the measurements.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import DatabaseError, Error, InterfaceError
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import Cursor

from eventbus import conf
from eventbus.engines.appending import COLUMNS
from eventbus.engines.base import is_operational
from eventbus.engines.postgresql_history import PostgresqlHistory
from eventbus.engines.postgresql_looking import PostgresqlLooking
from eventbus.engines.postgresql_reading import PostgresqlReading

TYPES = dict.fromkeys(COLUMNS, "text") | {
    **{"event_id": "uuid", "version": "smallint", "shard": "smallint"},
    **{
        "payload": "jsonb",
        "headers": "jsonb",
        "occurred_at": "timestamptz",
        "due_at": "timestamptz",
    },
}
# Advisory locks (OWNING[kind], number).
BATCHES = 10  # that a range is owned for at most: the first one, and parts of it run again
OWNING = {"call": 0x6275_7363, "range": 0x6275_7372, "merge": 0x6275_736D}


def _longest(kind: str, count: int) -> float:
    """Seconds that a process may own so many at most; a slow one that does for longer is not
    harmed, as what it does with them is guarded by other means too. 0: for ever."""
    if kind == "merge":
        return 0
    if kind == "call":
        return float(conf.get("call_seconds") * (count + 1))
    return float(conf.get("hang_seconds") * BATCHES)


class PostgresqlEngine(PostgresqlLooking, PostgresqlReading, PostgresqlHistory):
    """The claim is the cursor's row lock, `FOR UPDATE SKIP LOCKED`."""

    # Classes of SQLSTATE and some states. Not 57014: a statement that took too long does so again.
    TRANSIENT = ("40", "08", "53", "57P", "55P03", "25006", "25P03")

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        super().__init__(connection)
        self._beside: BaseDatabaseWrapper | None = None
        self._guarded: object = None  # the server connection that has the time-out

    @contextmanager
    def _cursor_beside(self) -> Iterator[Any]:
        """Of the second connection, which is closed after an error: it may be broken though the
        first is not, and the next one connects anew."""
        try:
            with self.beside.cursor() as cursor:
                yield cursor
        except Error:
            self.beside.close()
            raise

    @property
    def beside(self) -> BaseDatabaseWrapper:
        """A second connection: what must be committed, or held, apart from the handlers' work."""
        if self._beside is None:
            self._beside = self.connection.copy()
        return self._beside

    def guard(self, seconds: float) -> None:
        self.connection.ensure_connection()
        if self._guarded is not self.connection.connection:
            milliseconds = int(seconds * 1000)
            self._execute(f"SET idle_in_transaction_session_timeout = {milliseconds}", [])
            # Who waits for a lock, behind a migration say, does not hang, and is not to blame.
            self._execute(f"SET lock_timeout = {milliseconds // 2}", [])
            self._guarded = self.connection.connection

    def release(self) -> None:
        if self._beside is not None:
            self._beside.close()

    def _insert_all(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None:
        # One text for any number of rows, so that it is prepared once.
        names = ", ".join(columns)
        arrays = ", ".join(f"%s::{TYPES[column]}[]" for column in columns)
        self._execute(
            f"INSERT INTO {table} ({names}) SELECT {names} FROM unnest({arrays})"
            f" WITH ORDINALITY AS row ({names}, place) ORDER BY place",
            [list(values) for values in zip(*rows, strict=True)],
        )

    def refresh(self) -> None:
        """Commit a tick, if there is an event that the last one did not see.

        On a connection of its own: a transaction that has written sees its own id as finished
        in `pg_current_snapshot()`, and would skip the events it is about to publish. Whatever the
        database's default isolation: in another the snapshot would be older than the lock.
        """
        if self.by_id:
            return
        with self._cursor_beside() as cursor:
            cursor.execute(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT eventbus_take_tick(); COMMIT"
            )

    @contextmanager
    def own(self, kind: str, numbers: Collection[int]) -> Iterator[set[int]]:
        """Advisory locks of a transaction on the second connection: they work through a pooler,
        and the rows themselves stay free for the results."""
        if self.by_id:
            yield set(numbers)
            return
        milliseconds = int(_longest(kind, len(numbers)) * 1000)
        with self._cursor_beside() as cursor:
            # It stands still on purpose, but not longer than the watchdog lets an owner live: one
            # whose process is frozen, and cannot end, would keep what it owns for ever.
            cursor.execute(f"BEGIN; SET LOCAL idle_in_transaction_session_timeout = {milliseconds}")
            try:
                cursor.execute(
                    "SELECT n FROM unnest(%s::bigint[]) n"
                    " WHERE pg_try_advisory_xact_lock(%s, (n %% 2147483648)::int)",
                    [list(numbers), OWNING[kind]],
                )
                yield {number for (number,) in cursor.fetchall()}
            finally:
                try:
                    cursor.execute("COMMIT")
                except (DatabaseError, InterfaceError):
                    self.beside.close()  # the locks went with it; results are compare-and-set

    def clock(self) -> datetime:
        now: datetime = self._rows("SELECT statement_timestamp()", [])[0][0]
        return now

    def is_transient(self, error: BaseException) -> bool:
        if isinstance(error, InterfaceError):
            return True
        state = getattr(error.__cause__, "sqlstate", None)
        if is_operational(error) and state is None:
            return True  # the connection broke before the server could say why
        return bool(state) and str(state).startswith(self.TRANSIENT)

    # The bus's own statements are few and always the same, so they are bound by the server and
    # prepared (where the connection's option `prepare_threshold` allows it), and their rows come
    # in binary, past Django's cursor, which binds in Python and lets the server plan each anew.
    def _rows(self, sql: str, params: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self.connection.wrap_database_errors:
            return self._cursor().execute(sql, params, binary=True).fetchall()

    def _execute(self, sql: str, params: Sequence[Any]) -> int:
        with self.connection.wrap_database_errors:
            return self._cursor().execute(sql, params).rowcount

    def _cursor(self) -> Cursor[tuple[Any, ...]]:
        self.connection.ensure_connection()
        self.connection.validate_no_broken_transaction()
        return Cursor(self.connection.connection)
