"""What the bus asks of the database, statement by statement, and how the database answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import psycopg
from django.db import connection

Statement = tuple[str, Any]  # SQL and parameters


@contextmanager
def before_each(act: Callable[[Any, str, Any], object]) -> Iterator[None]:
    """Call `act(cursor, sql, parameters)` before every statement; of all connections on PostgreSQL
    (where the bus does without Django's cursor), of this thread's on SQLite."""
    if connection.vendor == "sqlite":

        def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            act(context["cursor"], sql, params)
            return execute(sql, params, many, context)

        with connection.execute_wrapper(wrapper):
            yield
        return
    execute = psycopg.Cursor.execute

    def watched(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        act(cursor, str(query), params)
        return execute(cursor, query, params, **options)

    with mock.patch.object(psycopg.Cursor, "execute", watched):
        yield


@contextmanager
def recorded() -> Iterator[list[str]]:
    """The statements, in the order they are begun."""
    found: list[str] = []
    with before_each(lambda cursor, sql, params: found.append(sql)):
        yield found


@contextmanager
def explained() -> Iterator[list["Plan"]]:
    """How PostgreSQL runs every query of the log."""
    plans: list[Plan] = []

    def explain(cursor: Any, sql: str, params: Any) -> None:
        if sql.startswith(("SELECT", "(SELECT")) and "eventbus_event" in sql:
            asking = psycopg.ClientCursor(cursor.connection)
            with mock.patch.object(psycopg.Cursor, "execute", execute):
                asking.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", params)
            plans.append(Plan(sql, asking.fetchone()[0][0]["Plan"]))  # type: ignore[index]

    execute = psycopg.Cursor.execute
    with before_each(explain):
        yield plans


class Plan:
    """A plan that was run."""

    def __init__(self, sql: str, root: dict[str, Any]) -> None:
        self.sql, self.root = sql, root

    def __repr__(self) -> str:
        return f"{self.sql}\n{json.dumps(self.root, indent=1)}"

    def nodes(self) -> Iterator[dict[str, Any]]:
        """All of them, from the top."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            yield node
            waiting += node.get("Plans", [])

    def touched(self) -> int:
        """How many rows of the log were looked at, whether they were wanted or not."""
        counts = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
        return sum(
            round(node["Actual Loops"] * sum(node.get(count, 0) for count in counts))
            for node in self.nodes()
            if node.get("Relation Name") == "eventbus_event"
        )
