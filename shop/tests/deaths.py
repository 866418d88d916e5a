"""A process that dies by SIGKILL at one of its statements or COMMITs, whichever is asked for."""

import os
import signal
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

Met = Callable[[str], None]  # told of every point before it is passed


def die_at(number: int) -> None:
    """From now on this process dies at the point with that number, the first being 1."""
    passed = 0

    def met(point: str) -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    watch(met)


def watch(met: Met) -> None:
    """From now on `met` is told of the points of this process: "before COMMIT", "after COMMIT",
    and every statement, just before it is sent."""
    _watch_commits(met)
    if connection.vendor == "sqlite":
        connection.execute_wrappers.append(_told(met))
    else:  # the bus does without Django's cursors there, and has a second connection
        _watch_cursors(met)


def _watch_commits(met: Met) -> None:
    commit = BaseDatabaseWrapper._commit

    def watched(self: BaseDatabaseWrapper) -> Any:
        met("before COMMIT")
        result = commit(self)
        met("after COMMIT")
        return result

    BaseDatabaseWrapper._commit = watched


def _told(met: Met) -> Callable[..., Any]:
    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        met(sql)
        return execute(sql, params, many, context)

    return wrapper


def _watch_cursors(met: Met) -> None:
    for name in ("execute", "executemany"):
        setattr(psycopg.Cursor, name, _watched(getattr(psycopg.Cursor, name), met))


def _watched(send: Callable[..., Any], met: Met) -> Callable[..., Any]:
    def watched(cursor: Any, query: Any, *arguments: Any, **options: Any) -> Any:
        met(str(query))
        return send(cursor, query, *arguments, **options)

    return watched
