"""Processes of the tests, and the points at which they die, by a SIGKILL that nobody can catch.

A fork server imports Django once; every process is forked from it in milliseconds and opens
connections of its own. The bus knows nothing of the points: the process that is to die replaces
a function of the bus by one that kills it.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.process import BaseProcess
from typing import Any, Literal

from django.db import connection

from eventbus.engines import engine
from eventbus.registry import subscribers

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    ["eventbus.tests.set_up", "eventbus.tests.mortal", "eventbus.tests.conftest", "eventbus.worker"]
)
When = Literal["before", "after", "before its commit", "after its commit"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """Around the call number `nth` of a function, or around the next COMMIT after that call."""

    function: str  # "claim": a method of the engine; "eventbus.parking.finish": of a module
    when: When
    nth: int = 1

    def __str__(self) -> str:
        times = f" {self.nth}" if self.nth > 1 else ""
        return f"{self.when} {self.function.rpartition('.')[2]}{times}"


def start(act: Callable[..., Any], *arguments: Any) -> BaseProcess:
    """Run `act` (a module's function) in a process of its own, on this test's database."""
    name = str(connection.settings_dict["NAME"])
    process = FORKS.Process(target=_live, args=(name, act, arguments), daemon=True)
    process.start()
    return process


def kill(act: Callable[..., Any], *arguments: Any, at: Point) -> None:
    """Run `act` in a process that dies at the point. Fails when it ends in any other way."""
    process = start(_die_in, at, act, arguments)
    process.join()
    assert process.exitcode == -signal.SIGKILL, f"it did not die {at}: {process.exitcode}"


def _live(database: str, act: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    connection.settings_dict["NAME"] = database
    subscribers.clear()  # the world of the tests, not of the project
    act(*arguments)
    engine().close()


def _die_in(point: Point, act: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    act(*arguments, lambda: arm(point))


def arm(point: Point) -> None:
    """From now on this process dies at the point."""
    place, _, name = point.function.rpartition(".")
    owner = import_module(place) if place else type(engine())
    function, calls = getattr(owner, name), 0

    def watched(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == point.nth and point.when == "before":
            die()
        result = function(*arguments, **named)
        if calls == point.nth and point.when == "after":
            die()
        if calls == point.nth:
            _die_at_commit(point.when)
        return result

    setattr(owner, name, watched)


def _die_at_commit(when: When) -> None:
    commit = connection.commit

    def last_commit() -> None:
        if when == "after its commit":
            commit()
        die()

    connection.commit = last_commit  # type: ignore[method-assign]


def die() -> None:
    """End this process as the system would that runs out of memory."""
    os.kill(os.getpid(), signal.SIGKILL)
