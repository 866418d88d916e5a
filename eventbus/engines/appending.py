"""Writing events into the log, and into what is scheduled: one statement, however many."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

COLUMNS = (
    "event_id", "name", "version", "source", "key",
    "shard", "payload", "headers", "subject", "occurred_at",
)  # fmt: skip

JSON = ("payload", "headers")


def insert(table: str, columns: Sequence[str]) -> str:
    """The statement that inserts one row."""
    marks = ", ".join(["%s"] * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


APPEND = insert("eventbus_event", COLUMNS)
SCHEDULE = insert("eventbus_scheduled", (*COLUMNS, "due_at"))


class Appending(ABC):
    """What publishing asks of a database."""

    connection: BaseDatabaseWrapper

    @abstractmethod
    def _execute(self, sql: str, params: Sequence[Any]) -> int: ...

    def append(self, *bodies: dict[str, Any]) -> None:
        """Insert the events into the log, in one statement; their ids rise."""
        rows = [self._adapt(body) for body in bodies]
        if len(rows) == 1:
            self._execute(APPEND, rows[0])
        elif rows:
            self._insert_all("eventbus_event", COLUMNS, rows)

    def schedule(self, *due: tuple[dict[str, Any], datetime]) -> None:
        """Insert the events that are to be appended when their times have come."""
        time = self.connection.ops.adapt_datetimefield_value
        rows = [[*self._adapt(body), time(at)] for body, at in due]
        if len(rows) == 1:
            self._execute(SCHEDULE, rows[0])
        elif rows:
            self._insert_all("eventbus_scheduled", (*COLUMNS, "due_at"), rows)

    @abstractmethod
    def _insert_all(
        self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
    ) -> None: ...

    def unschedule(self, name: str, keys: Sequence[str]) -> int:
        """Delete the scheduled events of that name and those keys, one or more; says how many."""
        marks = ", ".join(["%s"] * len(keys))
        return self._execute(
            f"DELETE FROM eventbus_scheduled WHERE name = %s AND key IN ({marks})", [name, *keys]
        )

    def _adapt(self, body: dict[str, Any]) -> list[Any]:
        """The columns of the log; JSON as text."""
        return [
            json.dumps(body[column], separators=(",", ":")) if column in JSON else body[column]
            for column in COLUMNS
        ]
