"""Rare meetings and wrong inputs: each of these once lost, doubled or held up something."""

import os
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from eventbus import Retry, calls, publish, subscribe, watchdog
from eventbus.cursors import ensure_cursors
from eventbus.delivery import Batch, run_batch, run_together
from eventbus.engines import engine
from eventbus.engines.base import Claim
from eventbus.engines.postgresql import OWNING
from eventbus.models import Cursor, Event, Parked, Scheduled
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_visibility import another_connection, run
from eventbus.worker import Caller, Worker

on_postgresql = pytest.mark.engine("postgresql")
GATE = 7  # an advisory lock of a test


def work(*, rounds: int = 3) -> None:
    ensure_cursors()
    worker = Worker()
    for _ in range(rounds):
        worker.step()


def wait_at_the_gate() -> None:
    """Until a session waits for the gate."""
    waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted"
    with connection.cursor() as cursor:
        while not cursor.execute(waiting, [GATE]).fetchone():
            pass


@on_postgresql
def test_a_claim_that_was_overtaken_does_not_move_the_cursor_back(
    effects: Effects, say: Any
) -> None:
    """Its statement locks the row as it is by then, but saw the ticks as they were before."""
    noting(effects, "a")
    say("k", 1)
    drain()
    say("k", 2)
    cursor = Cursor.objects.get(subscriber="a").pk

    def overtaken() -> None:
        bus: Any = engine()
        claim = bus._claim

        def slowly(where: str, params: list[Any], *, skip_locked: bool) -> Claim | None:
            gate = f"{where} AND pg_advisory_xact_lock_shared({GATE}) IS NOT NULL"
            claimed: Claim | None = claim(gate, params, skip_locked=skip_locked)
            return claimed

        bus._claim = slowly
        try:
            run_batch(bus, subscribers["a"], cursor, limit=8)
        finally:
            bus.close()

    thread = threading.Thread(target=overtaken)
    with another_connection() as gate:
        run(gate, f"SELECT pg_advisory_lock({GATE})")
        thread.start()
        wait_at_the_gate()
        drain()
        moved_to = Cursor.objects.get(subscriber="a").tick
    thread.join()
    assert Cursor.objects.get(subscriber="a").tick == moved_to
    drain()
    assert effects.of("a") == [1, 2]


@on_postgresql
def test_a_new_worker_that_finds_a_range_held_stays_careful(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    ensure_cursors()
    worker = Worker()
    with another_connection() as other:
        run(other, "BEGIN", "SELECT 1 FROM eventbus_cursor FOR UPDATE")
        worker.step()
        run(other, "COMMIT")
    assert worker.reader.calm == set()
    worker.step()
    assert worker.reader.calm == {Cursor.objects.get(subscriber="a").pk}
    assert effects.of("a") == [1]


@pytest.mark.engine("sqlite")
def test_a_shared_transaction_that_cannot_begin_is_no_success(effects: Effects, say: Any) -> None:
    for name in "ab":
        noting(effects, name)
    say("k", 1)
    ensure_cursors()
    cursors = Cursor.objects.filter(subscriber__in=["a", "b"])
    batches = [Batch(subscribers[each.subscriber], each.pk, 8) for each in cursors]
    with another_connection() as writer:
        run(writer, "BEGIN IMMEDIATE")
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 0")
        assert run_together(engine(), batches) == batches
        run(writer, "COMMIT")
    assert run_together(engine(), batches) == ()
    assert (effects.of("a"), effects.of("b")) == ([1], [1])
    connection.close()  # the next one waits as it should


@on_postgresql
def test_a_long_wait_for_a_lock_is_neither_a_hang_nor_a_failure(
    effects: Effects, say: Any, settings: Any
) -> None:
    noting(effects, "a")
    say("k", 1)
    settings.EVENTBUS = {**settings.EVENTBUS, "hang_seconds": 0.4}
    ensure_cursors()
    worker = Worker()
    engine().close()  # the next session begins with these seconds
    with another_connection() as migration:
        run(migration, "BEGIN", "LOCK TABLE eventbus_test_effect")
        worker.step()
        assert not Parked.objects.exists()
        run(migration, "COMMIT")
    worker.step()
    assert effects.of("a") == [1]
    engine().close()


@on_postgresql
def test_the_server_leaves_who_owns_a_call_longer_than_calls_may_last(effects: Effects) -> None:
    bus: Any = engine()
    with bus.beside.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = 60000")
        with bus.own("call", [1]):
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("10min",)  # twice call_seconds
        with bus.own("call", range(3)):
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("20min",)
        with bus.own("merge", [1]):
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            assert cursor.fetchone() == ("0",)
        cursor.execute("SHOW idle_in_transaction_session_timeout")
        assert cursor.fetchone() == ("1min",)
    assert OWNING["call"] != OWNING["range"]


@pytest.mark.parametrize("after", [30, timedelta.max])
def test_a_wait_that_cannot_be_parks_its_event_and_holds_up_nobody(
    effects: Effects, say: Any, after: Any
) -> None:
    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n == 1:
            raise Retry("later", after=after)
        effects.note("a", "l", view.n)

    say("k", 1)
    say("l", 2)
    work()
    assert effects.of("a") == [2]
    row = Parked.objects.get()
    assert (row.key, row.state) == ("k", "retrying")
    assert row.next_at < datetime.now(UTC) + timedelta(days=366)


@pytest.mark.parametrize("payload", ["9" * 5000, '{"n": ' + "9" * 5000 + "}"])
def test_json_that_python_cannot_hold_is_a_dead_letter_and_holds_up_nobody(
    effects: Effects, say: Any, payload: str
) -> None:
    noting(effects, "a")
    say("k", 1)
    say("l", 2)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventbus_event SET payload = %s WHERE key = 'k'", [payload])
    work()
    assert effects.of("a") == [2]
    row = Parked.objects.get()
    assert (row.key, row.state, row.payload) == ("k", "dead", payload)


def test_a_function_subscribed_in_two_ways_gets_every_event(effects: Effects, say: Any) -> None:
    seen = []

    @subscribe("test.happened", subscriber="a", external=True)
    @subscribe("test.followed", subscriber="a")
    def note(view: Number) -> None:
        seen.append(view.n)

    say("k", 1)
    say("m", 2, cls=Followed)
    say("l", 3)
    drain()
    assert sorted(seen) == [1, 2, 3]


def test_a_child_does_not_inherit_who_was_busy() -> None:
    """Its watchdog would end it for what its parent does."""
    with watchdog.watched("slow", seconds=-1):
        child = os.fork()
        if child == 0:
            os._exit(0 if watchdog.overdue() is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert watchdog.overdue() == "slow"


def test_a_result_is_recorded_again_after_a_transient_error_and_not_called_for_again(
    effects: Effects, say: Any
) -> None:
    called: list[int] = []
    errors = [OperationalError("database is locked")]

    @subscribe("test.happened", subscriber="a", external=True, on_crash="hold")
    def mail(view: Number) -> Callable[[], object]:
        called.append(view.n)

        def record() -> None:
            effects.note("a", "k", view.n)
            if errors:
                raise errors.pop()

        return record

    say("k", 1)
    drain()
    assert (called, effects.of("a"), Parked.objects.count()) == ([1], [1], 0)


def test_a_failure_that_cannot_be_recorded_at_once_loses_no_other_result(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [OperationalError("database is locked")]
    still_mine = calls._still_mine

    def sometimes_locked(bus: Any, rows: Sequence[Parked]) -> list[Parked]:
        if rows[0].key == "k" and errors:
            raise errors.pop()
        return still_mine(bus, rows)

    monkeypatch.setattr(calls, "_still_mine", sometimes_locked)

    @subscribe("test.happened", subscriber="a", external=True, batch=True, on_crash="hold")
    def mail(views: Sequence[Number]) -> list[Exception | None]:
        return [ValueError("no") if view.n == 1 else None for view in views]

    say("k", 1)
    say("l", 2)
    work()
    Caller().step()
    assert not errors
    assert list(Parked.objects.values_list("key", "state")) == [("k", "to call")]


def test_a_batch_of_calls_has_the_time_of_each(effects: Effects, say: Any) -> None:
    allowed = []

    @subscribe("test.happened", subscriber="a", external=True, batch=True)
    def mail(views: Sequence[Number]) -> list[None]:
        allowed.append(watchdog._busy[threading.get_ident()][1] / len(views))
        return [None for _ in views]

    say("k", 1)
    say("l", 2)
    work()
    Caller().step()
    assert allowed == [300]
    assert not Parked.objects.exists()


@pytest.mark.parametrize("key", ["", "x" * 129, "a\0b"])
def test_a_key_that_not_every_database_holds_is_refused(effects: Effects, key: str) -> None:
    with transaction.atomic():
        with pytest.raises(ValueError, match="key of 1 to 128"):
            publish(Happened(n=1), key=key)
        publish(Happened(n=2), key="x" * 128)  # the transaction goes on
    assert Event.objects.get().payload == {"n": 2}


def test_a_time_without_a_zone_is_refused(effects: Effects) -> None:
    with transaction.atomic(), pytest.raises(TypeError, match="without a zone"):
        publish(Happened(n=1), key="k", at=datetime(2026, 1, 1))  # noqa: DTZ001
    assert not Scheduled.objects.exists()
