"""The connection goes during COMMIT, and nobody knows whether it was done (PostgreSQL)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import Error, connection
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus import wakeup
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Parked
from eventbus.tests.conftest import Effects
from eventbus.tests.test_crash_points import answering, assert_once_and_in_order
from eventbus.worker import Worker

pytestmark = pytest.mark.engine("postgresql")
TRIGGER = """
    CREATE SEQUENCE cuts;
    CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.n = 2 AND nextval('cuts') <= {times} THEN
            PERFORM pg_terminate_backend(pg_backend_pid());
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER cut_off AFTER INSERT ON eventbus_test_effect
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut_off();
"""
NO_TRIGGER = """
    DROP TRIGGER cut_off ON eventbus_test_effect; DROP FUNCTION cut_off; DROP SEQUENCE cuts;
"""


@contextmanager
def cut_in_the_middle(times: int = 1) -> Iterator[None]:
    """The server ends the session while it does what was deferred to the COMMIT of a 2."""
    run(TRIGGER.format(times=times))
    try:
        yield
        assert run("SELECT last_value >= 1 AND is_called FROM cuts") == [(True,)]
    finally:
        run(NO_TRIGGER)


@contextmanager
def cut_before() -> Iterator[None]:
    """The COMMIT never reaches the server."""
    with next_commit_of_a_batch(terminate):
        yield


@contextmanager
def cut_after() -> Iterator[None]:
    """The server has committed; its answer never arrives."""

    def commit_unheard(commit: Callable[[], None]) -> None:
        commit()
        terminate(commit)

    with next_commit_of_a_batch(commit_unheard):
        yield


@contextmanager
def next_commit_of_a_batch(act: Callable[[Callable[[], None]], None]) -> Iterator[None]:
    """Replace, once, the COMMIT of a transaction that has moved a cursor."""
    bus, advance, commit = engine(), engine().advance_all, connection.commit

    def commit_once() -> None:
        connection.commit = commit  # type: ignore[method-assign]
        act(commit)

    def advance_once(*arguments: Any, **named: Any) -> None:
        advance(*arguments, **named)
        bus.advance_all = advance  # type: ignore[method-assign]
        connection.commit = commit_once  # type: ignore[method-assign]

    bus.advance_all = advance_once  # type: ignore[method-assign]
    try:
        yield
        assert bus.advance_all == advance
    finally:
        bus.advance_all = advance  # type: ignore[method-assign]
        connection.commit = commit  # type: ignore[method-assign]


def terminate(_: object) -> None:
    """End the session from outside, and find out as a client does: by its next statement."""
    pid = connection.connection.info.backend_pid  # type: ignore[union-attr]
    run(f"SELECT pg_terminate_backend({pid}, 10000)")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def run(sql: str) -> list[tuple[Any, ...]]:
    """From a session of its own, committed at once."""
    other: BaseDatabaseWrapper = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        other.close()


def work() -> None:
    """What the worker's loop does: it connects again, and looks again when its bell rang."""
    worker, resting = Worker(), False
    ensure_cursors()
    while not resting:
        seen = wakeup.readers.rings
        try:
            resting = worker.step() == 0 and wakeup.readers.rings == seen
        except Error:
            engine().close()


@pytest.mark.parametrize("cut", [cut_in_the_middle, cut_before, cut_after])
def test_a_commit_whose_outcome_nobody_knows(effects: Effects, say: Any, cut: Any) -> None:
    answering()
    say("k", 1, 2, 3)
    with cut():
        work()
    assert_once_and_in_order(effects, 1, 2, 3)


def test_the_loop_outlives_a_session_that_is_ended_again_and_again(
    effects: Effects, say: Any
) -> None:
    answering()
    for n in range(1, 6):
        say("k", n)
        with cut_after() if n % 2 else cut_before():
            work()
    assert_once_and_in_order(effects, 1, 2, 3, 4, 5)


def test_an_event_that_always_ends_the_session_at_commit_is_parked(
    effects: Effects, say: Any
) -> None:
    answering()
    say("bad", 2, 3)
    say("k", 1, 4)
    with cut_in_the_middle(times=1_000):
        work()
    assert sorted(effects.of("a")) == [1, 4]
    assert effects.of("b", "k") == [1, 4]
    parked = Parked.objects.order_by("subscriber", "position")
    assert [(row.subscriber, row.payload["n"]) for row in parked] == [
        ("a", 2), ("a", 3), ("b", 2), ("b", 3),
    ]  # fmt: skip
