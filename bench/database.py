"""A database of the measurements: its tables, its backlog, and what was handled."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import batched
from os import environ as process_environment
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from environ import Env
from uuid_utils.compat import uuid7

from bench import pgbench, workload
from eventbus.engines.appending import APPEND, COLUMNS
from eventbus.models import Cursor
from eventbus.shards import SHARDS, shard_of

LOG = ("event", "tick", "cursor", "parked", "scheduled")
OLD_PER_TRANSACTION = 100
SHARD_OF_KEY = [shard_of(str(key)) for key in range(workload.ROWS)]


class Database:
    """One database with the bus's tables and the workload's."""

    def __init__(self, alias: str, url: str, *, settings: str = "bench.settings") -> None:
        self.alias, self.url = alias, url
        done = subprocess.run(
            [sys.executable, "-m", "django", "migrate", "-v0"],
            env=process_environment | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": settings},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        connections.settings[alias] = connections.configure_settings(
            {"default": {}, alias: {**connections.settings["default"], **_options(url)}}
        )[alias]
        self.server = self.connection.vendor == "postgresql"
        self._create_tables()

    @property
    def connection(self) -> BaseDatabaseWrapper:
        return connections[self.alias]

    def execute(self, sql: str, params: Any = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def _create_tables(self) -> None:
        serial = "bigserial" if self.server else "integer"
        self.execute(
            f"CREATE TABLE orders (id {serial} PRIMARY KEY, customer int NOT NULL,"
            " total int NOT NULL, status text NOT NULL, created_at timestamptz NOT NULL)"
        )
        loose = " WITH (fillfactor = 70)" if self.server else ""
        for number in range(workload.SUBSCRIBERS):
            self.execute(f"CREATE TABLE eff{number} (id int PRIMARY KEY, n bigint NOT NULL){loose}")
        if self.server:
            self.execute(pgbench.TABLES)

    def reset(self, *, ranges: int = 1, keep_log: bool = False) -> None:
        """No effects and no log (or the log that there is, already passed by all); subscribers
        stand at its end, each with so many cursors."""
        for number in range(workload.SUBSCRIBERS):
            self._empty(f"eff{number}")
            self.execute(
                f"INSERT INTO eff{number} WITH RECURSIVE ids(id) AS"
                f" (SELECT 0 UNION ALL SELECT id + 1 FROM ids WHERE id < {workload.ROWS - 1})"
                " SELECT id, 0 FROM ids"
            )
        for name in LOG:
            if not (keep_log and name == "event"):
                self._empty(f"eventbus_{name}")
        self._empty("orders")
        if self.server:
            self._empty("event")
            self.execute("VACUUM ANALYZE eff0, eff1, eff2")
        self._stand_at_the_end(ranges)

    def _empty(self, table: str) -> None:
        self.execute(f"TRUNCATE {table} CASCADE" if self.server else f"DELETE FROM {table}")

    def _stand_at_the_end(self, ranges: int) -> None:
        tick, pos = None, 0
        if self.server:
            [(tick,)] = self.rows(
                "INSERT INTO eventbus_tick (created_at, snapshot)"
                " VALUES (now(), pg_current_snapshot()) RETURNING id"
            )
        else:
            [(pos,)] = self.rows("SELECT coalesce(max(id), 0) FROM eventbus_event")
        width = SHARDS // ranges
        Cursor.objects.using(self.alias).bulk_create(
            Cursor(subscriber=f"s{number}", lo=lo, hi=lo + width, tick=tick, pos=pos)
            for number in range(workload.SUBSCRIBERS)
            for lo in range(0, SHARDS, width)
        )

    def fill(self, events: int, *, hot: bool = False, per_transaction: int | None = None) -> None:
        """Append a backlog of events with random keys."""
        for rows in batched(_events(events, hot=hot), per_transaction or events, strict=False):
            with self.connection.cursor() as cursor:
                if self.server:
                    with cursor.copy(
                        f"COPY eventbus_event ({', '.join(COLUMNS)}) FROM STDIN"
                    ) as copy:
                        for row in rows:
                            copy.write_row(row)
                else:
                    cursor.execute("BEGIN IMMEDIATE")
                    cursor.executemany(
                        APPEND,
                        [(row[0].hex, *row[1:9], row[9].isoformat(" ")[:26]) for row in rows],
                    )
                    cursor.execute("COMMIT")
        if self.server:
            self.execute("VACUUM ANALYZE eventbus_event")

    def grow_old(self, events: int) -> None:
        """Fill the log as many small transactions would have, in the time of a few."""
        self.execute("SET synchronous_commit = off")
        self.fill(events, per_transaction=OLD_PER_TRANSACTION)
        self.execute("RESET synchronous_commit")

    def handled(self) -> int:
        """The sum of all effects."""
        sums = " + ".join(
            f"(SELECT sum(n) FROM eff{number})" for number in range(workload.SUBSCRIBERS)
        )
        return int(self.rows(f"SELECT {sums}")[0][0])

    def backends(self) -> list[int]:
        """The processes of PostgreSQL that serve this database's other clients."""
        if not self.server:
            return []
        found = self.rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        return [pid for (pid,) in found]


def _options(url: str) -> dict[str, Any]:
    options: dict[str, Any] = Env.db_url_config(url)
    if "sqlite" in options["ENGINE"]:
        return options | {"OPTIONS": {"timeout": 20}}
    return options | {"OPTIONS": {}}


def _events(count: int, *, hot: bool) -> Iterator[tuple[Any, ...]]:
    headers = json.dumps({"correlation_id": str(uuid7())})
    now = datetime.now(tz=UTC)
    rest = ', "items":[{"sku":"A1","qty":1}],"total":100}'
    for _ in range(count):
        key = random.randrange(workload.ROWS)
        customer = random.randrange(workload.HOT_ROWS) if hot else 5
        payload = f'{{"order_id":{key},"customer":{customer}{rest}'
        yield (
            *(uuid7(), workload.EVENT, 1, "bench", str(key), SHARD_OF_KEY[key]),
            *(payload, headers, "", now),
        )
