"""What Prometheus asks of a database, in statements that stay small however long the log grows."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus import conf
from eventbus.engines.postgresql_looking import LATER, NOW, UNDER_WAY
from eventbus.models import Cursor


class Measures(ABC):
    """By database, as the engine."""

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.connection = connection

    @abstractmethod
    def unread(
        self, cursor: Cursor, names: Collection[str], at_most: int
    ) -> tuple[int, datetime | None]:
        """How many events lie before the cursor, counted up to `at_most`, and when the oldest of
        those was published."""

    @abstractmethod
    def log_size(self) -> tuple[int, int]:
        """The events in the log, estimated, and the bytes they take."""

    @abstractmethod
    def oldest_writer(self) -> float | None:
        """For how many seconds the oldest writing transaction of others is open (0: there is
        none); None where there is one writer at a time."""

    @abstractmethod
    @contextmanager
    def no_longer_than(self, seconds: int) -> Iterator[None]:
        """Let a statement that takes longer fail, where the database can."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
            return list(cursor.fetchall())


class PostgresqlMeasures(Measures):
    """Counted along the index on xid; sizes from the catalogue."""

    def unread(
        self, cursor: Cursor, names: Collection[str], at_most: int
    ) -> tuple[int, datetime | None]:
        mine = "SELECT e.occurred_at FROM eventbus_event e WHERE e.shard >= %s AND e.shard < %s"
        mine += " AND e.name = ANY(%s) AND e.id > %s AND"
        bounds = [cursor.lo, cursor.hi, list(names), cursor.pos]
        if cursor.tick is None:  # it has seen nothing yet
            unread, params = f"{mine} TRUE ORDER BY e.id", bounds
        else:
            later, under_way = LATER.format("%s", NOW), UNDER_WAY.format("%s")
            unread = f"({mine} {under_way}) UNION ALL ({mine} {later} ORDER BY e.xid LIMIT %s)"
            params = [*bounds, cursor.tick, *bounds, cursor.tick, at_most]
        events, oldest = self.rows(
            f"SELECT count(*), min(occurred_at) FROM ({unread} LIMIT %s) unread",
            [*params, at_most],
        )[0]
        return events, oldest

    def log_size(self) -> tuple[int, int]:
        # Never analysed, the table has -1 rows.
        events, size = self.rows(
            "SELECT CASE WHEN reltuples >= 0 THEN reltuples::bigint ELSE coalesce("
            "(SELECT max(id) FROM eventbus_event) - (SELECT min(id) FROM eventbus_event) + 1, 0)"
            " END, pg_total_relation_size(oid)"
            " FROM pg_class WHERE oid = 'eventbus_event'::regclass"
        )[0]
        return events, size

    def oldest_writer(self) -> float | None:
        age = self.rows(
            "SELECT extract(epoch FROM statement_timestamp() - min(since)) FROM ("
            "SELECT xact_start AS since FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
            " AND backend_type = 'client backend' AND datname = current_database()"
            " AND pid <> pg_backend_pid()"
            " UNION ALL SELECT prepared FROM pg_prepared_xacts"
            " WHERE database = current_database()) writers"
        )[0][0]
        return max(0.0, float(age or 0))

    @contextmanager
    def no_longer_than(self, seconds: int) -> Iterator[None]:
        with transaction.atomic(using=self.connection.alias):
            self.rows("SELECT set_config('statement_timeout', %s, TRUE)", [f"{seconds}s"])
            yield


class SqliteMeasures(Measures):
    """Ids are in the order of the commits; no transaction, which would be the one writer's."""

    def unread(
        self, cursor: Cursor, names: Collection[str], at_most: int
    ) -> tuple[int, datetime | None]:
        marks = ", ".join(["%s"] * len(names))
        events, oldest = self.rows(
            "SELECT count(*), min(occurred_at) FROM (SELECT occurred_at FROM eventbus_event"
            f" WHERE id > %s AND shard >= %s AND shard < %s AND name IN ({marks})"
            " ORDER BY id LIMIT %s)",
            [cursor.pos, cursor.lo, cursor.hi, *names, at_most],
        )[0]
        return events, datetime.fromisoformat(oldest).replace(tzinfo=UTC) if oldest else None

    def log_size(self) -> tuple[int, int]:
        events, size = self.rows(
            "SELECT coalesce((SELECT max(id) FROM eventbus_event)"
            " - (SELECT min(id) FROM eventbus_event) + 1, 0), page_count * page_size"
            " FROM pragma_page_count(), pragma_page_size()"
        )[0]
        return events, size

    def oldest_writer(self) -> float | None:
        return None

    @contextmanager
    def no_longer_than(self, seconds: int) -> Iterator[None]:
        yield


def measures() -> Measures:
    """Those of the bus's database, on this thread's connection."""
    connection = connections[conf.get("database")]
    return (PostgresqlMeasures if connection.vendor == "postgresql" else SqliteMeasures)(connection)
