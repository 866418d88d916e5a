"""The databases of the saga's measurement: one shop with orders ready to be placed, and as many
copies of it as there are runs, so that each begins with the same rows."""

import shutil
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from contextlib import closing
from os import environ as process_environment
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.processes import cpu_seconds, ended_children_seconds, parent
from shop.tests.servers import Postgres

# The shop itself, as `manage.py eventbus run` and a web process beside it have it.
ENV = {
    **{"DJANGO_SETTINGS_MODULE": "shop.settings", "EVENTBUS_MODE": "worker"},
    **{"DEBUG": "off", "LOG_LEVEL": "WARNING", "SHOP_ENV": "local", "EMAIL_URL": ""},
}
DONE = (  # an order is when it is confirmed, its stock sold and its mail written
    "SELECT (SELECT count(*) FROM orders_order WHERE status = 'CONFIRMED'),"
    " (SELECT count(*) FROM inventory_hold WHERE status = 'committed'),"
    " (SELECT count(*) FROM notifications_notification WHERE kind = 'order_confirmed')"
)
# What is left when all is done, whichever way it was: the work that both have to do.
STATE = {
    "orders CONFIRMED": "SELECT count(*) FROM orders_order WHERE status = 'CONFIRMED'",
    "their amounts": "SELECT sum(total) FROM orders_order",
    "lines": "SELECT count(*) FROM orders_orderline",
    "steps of history": "SELECT count(*) FROM orders_statuschange",
    "steps of the timeline": "SELECT count(*) FROM orders_timelineentry WHERE kind <> 'mailed'",
    "holds COMMITTED": "SELECT count(*) FROM inventory_hold WHERE status = 'committed'",
    "lines of holds": "SELECT count(*) FROM inventory_holdline",
    "units sold": "SELECT sum(delta) FROM inventory_ledgerentry WHERE kind = 'sold'",
    "rows of the ledger": "SELECT count(*) FROM inventory_ledgerentry",
    "units on hand": "SELECT sum(on_hand) FROM inventory_stockitem",
    "units held": "SELECT sum(held) FROM inventory_stockitem",
    "payments captured": "SELECT count(*) FROM payments_payment WHERE status = 'captured'",
    "captured": "SELECT sum(captured_amount) FROM payments_payment",
    "charges of the gateway": "SELECT count(*) FROM payments_gatewaycharge WHERE code = ''",
    "methods used": "SELECT count(used_by_order) FROM payments_paymentmethod",
    "mails": "SELECT count(*) FROM notifications_notification WHERE kind = 'order_confirmed'",
}
LATENCIES = (  # both times are taken by the process that did it, inside its transaction
    "SELECT done.at, placed.at FROM orders_statuschange done JOIN orders_statuschange placed"
    " ON placed.order_id = done.order_id WHERE done.to_status = 'CONFIRMED'"
    " AND placed.to_status = 'PENDING' ORDER BY placed.at"
)


class Shop(ABC):
    """One database of the shop."""

    url: str

    def run(self, *words: str) -> None:
        """Let a process work on the database; raises RuntimeError with what it said."""
        done = subprocess.run(
            [sys.executable, *words],
            env=process_environment | ENV | {"DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr or done.stdout)

    @abstractmethod
    def copy(self, name: str) -> "Shop":
        """Another database with the same rows; nobody may be connected to this one."""

    @abstractmethod
    def rows(self, statement: str) -> list[tuple[Any, ...]]: ...

    @abstractmethod
    def server_seconds(self) -> float:
        """CPU time that the server has used so far, for whomever."""

    def state(self) -> dict[str, str]:
        """What is left, by name."""
        found = self.rows("SELECT " + ", ".join(f"({each})" for each in STATE.values()))
        return dict(zip(STATE, (f"{float(value or 0):.2f}" for value in found[0]), strict=True))


class PostgresqlShop(Shop):
    def __init__(self, server: Postgres, name: str, *, template: str = "template1") -> None:
        parts = urlsplit(server.url)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
        self.server, self.name = server, name
        self.url = parts._replace(path=f"/{name}").geturl()
        self._connection: psycopg.Connection[Any] | None = None

    def copy(self, name: str) -> "PostgresqlShop":
        return PostgresqlShop(self.server, name, template=self.name)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        if self._connection is None:
            self._connection = psycopg.connect(self.url, autocommit=True)
        return self._connection.execute(statement.encode()).fetchall()

    def close(self) -> None:
        """End its own connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def server_seconds(self) -> float:
        found = self.rows("SELECT pid, pg_backend_pid() FROM pg_stat_activity")
        own = found[0][1]
        running = [pid for pid, _ in found if pid != own]
        return cpu_seconds(running) + ended_children_seconds(parent(own))


class SqliteShop(Shop):
    """A file; what it costs is the processes' own time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def copy(self, name: str) -> "SqliteShop":
        other = self.path.with_name(f"{name}.sqlite3")
        for suffix in ("", "-wal"):  # what was committed last may be in the second
            Path(f"{other}{suffix}").unlink(missing_ok=True)
            if Path(f"{self.path}{suffix}").exists():
                shutil.copyfile(f"{self.path}{suffix}", f"{other}{suffix}")
        return SqliteShop(other)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=20)) as connection:
            return list(connection.execute(statement))

    def server_seconds(self) -> float:
        return 0.0
