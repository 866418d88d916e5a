"""Every operation runs at the same time as itself and as the worker, in other sessions."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventbus import Reject, publish
from eventbus.cursors import ensure_cursors
from eventbus.engines import Claim, engine
from eventbus.models import Cursor, Parked
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened
from eventbus.tests.test_delivery import LATER, failing, noting
from eventbus.tests.test_visibility import another_connection, run
from eventbus.tests.test_worker import eventually
from eventbus.worker import Worker


def at_once[T](*acts: Callable[[], T]) -> list[T]:
    """What the acts return, each in a thread and session of its own, all begun together."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        try:
            barrier.wait()
            return act()
        finally:
            engine().close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def step_often() -> None:
    worker = Worker()
    for _ in range(20):
        worker.step()


def dead_letters(effects: Effects, say: Any, count: int) -> None:
    """One in each key, with an event that waits behind it; whatever made them fail is mended."""
    failing(effects, "a", *[Reject("broken")] * 2 * count, on=1)
    for n in range(count):
        say(f"k{n}", 1, 2)
    drain()
    assert Parked.objects.filter(state="dead").count() == count
    noting_now(effects)


def noting_now(effects: Effects) -> None:
    subscribers.clear()
    noting(effects, "a")


def assert_all_once(effects: Effects, count: int) -> None:
    for n in range(count):
        assert effects.of("a", f"k{n}") == [1, 2]
    assert Parked.objects.count() == 0


def test_two_operators_retry_the_same_dead_letters(effects: Effects, say: Any) -> None:
    dead_letters(effects, say, 10)
    counts = at_once(lambda: retry_dead(None), lambda: retry_dead(None))
    assert sum(counts) == 10
    drain()
    assert_all_once(effects, 10)


def test_operators_retry_while_workers_work(effects: Effects, say: Any) -> None:
    dead_letters(effects, say, 10)
    retry = lambda: retry_dead(None)  # noqa: E731
    at_once(step_often, retry, step_often, retry)
    drain()
    assert_all_once(effects, 10)


def test_an_operator_cannot_retry_what_a_worker_has_in_hand(effects: Effects, say: Any) -> None:
    """A letter that is retried already is no dead letter: its attempts are not counted afresh."""
    dead_letters(effects, say, 1)
    assert retry_dead(None) == 1
    assert retry_dead(None) == 0
    Parked.objects.filter(state="retrying").update(attempts=4)
    letter = Parked.objects.get(state="retrying")
    with pytest.raises(LookupError):
        retry_dead([letter.pk])
    letter.refresh_from_db()
    assert letter.attempts == 4


def test_workers_retry_the_same_parked_key(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k0", 1, 2)
    drain()
    noting_now(effects)
    Parked.objects.update(next_at=timezone.now())
    at_once(*[step_often] * 4)
    drain()
    assert_all_once(effects, 1)


def taken_in_between(monkeypatch: pytest.MonkeyPatch, lock: str, other: Any) -> None:
    """Let another session take the cursors between the next two transactions that lock one by the
    engine's method `lock`, and give them back when the second has not got it."""
    bus, method = engine(), getattr(engine(), lock)

    def first(*arguments: Any, **named: Any) -> Claim | None:
        monkeypatch.setattr(bus, lock, second)
        transaction.on_commit(
            lambda: run(other, "BEGIN", "SELECT 1 FROM eventbus_cursor FOR UPDATE")
        )
        claim: Claim | None = method(*arguments, **named)
        return claim

    def second(*arguments: Any, **named: Any) -> Claim | None:
        monkeypatch.setattr(bus, lock, method)
        assert method(*arguments, **named) is None
        run(other, "ROLLBACK")
        return None

    monkeypatch.setattr(bus, lock, first)


@pytest.mark.engine("postgresql")
def test_a_retry_that_finds_its_cursor_taken_is_neither_an_attempt_nor_a_death(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its beginning and its handling another worker's batch takes the cursor."""
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k0", 1, 2)
    drain()
    noting_now(effects)
    with another_connection() as other:
        for _ in range(5):
            taken_in_between(monkeypatch, "hold", other)
            Parked.objects.filter(state="retrying").update(next_at=timezone.now())
            Worker().step()
    head = Parked.objects.earliest("position")
    assert (head.state, head.attempts, head.deaths) == ("retrying", 1, 0)
    drain(now=timezone.now() + LATER)
    assert_all_once(effects, 1)


@pytest.mark.engine("postgresql")
def test_a_careful_worker_that_finds_its_cursor_taken_saw_nobody_die(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noting(effects, "a")
    ensure_cursors()
    say("k0", 1, 2)
    with another_connection() as other:
        for _ in range(5):
            taken_in_between(monkeypatch, "claim", other)
            Worker().step()
    Worker().step()
    assert list(Parked.objects.values_list("state", "error")) == []
    assert_all_once(effects, 1)


def test_everybody_gives_new_subscribers_their_cursors_at_once(effects: Effects) -> None:
    for name in "abcdefgh":
        noting(effects, name)
    at_once(*[ensure_cursors] * 6)
    cursors = Cursor.objects.filter(subscriber__in=list("abcdefgh"))
    assert sorted(cursors.values_list("subscriber", "lo", "hi")) == [
        (name, 0, 256) for name in "abcdefgh"
    ]


@pytest.mark.engine("postgresql")
def test_eight_tickers_and_two_readers_at_once(effects: Effects) -> None:
    """What a tick has seen every later one sees, and no event is in two batches."""
    noting(effects, "a")
    ensure_cursors()

    def tick(key: int) -> None:
        for n in range(15):
            with transaction.atomic():
                publish(Happened(n=n), key=key)
            engine().refresh()

    tickers = [lambda key=key: tick(key) for key in range(8)]  # type: ignore[misc]
    at_once(*tickers, step_often, step_often)
    drain()
    for key in range(8):
        assert effects.of("a", key) == list(range(15))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM eventbus_tick a JOIN eventbus_tick b ON b.id = (SELECT min(id)"
            " FROM eventbus_tick WHERE id > a.id) JOIN eventbus_event e"
            " ON pg_visible_in_snapshot(e.xid, a.snapshot)"
            " AND NOT pg_visible_in_snapshot(e.xid, b.snapshot)"
        )
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) > 1 FROM eventbus_tick")
        assert cursor.fetchone() == (True,)


@pytest.mark.engine("postgresql")
def test_a_tick_is_of_the_moment_of_its_lock_whatever_the_default_isolation(
    effects: Effects,
) -> None:
    def tick() -> None:
        run(engine().beside, "SET default_transaction_isolation TO 'repeatable read'")
        engine().refresh()

    def waits() -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted"
                " AND relation = 'eventbus_tick'::regclass)"
            )
            return bool(cursor.fetchone()[0])

    with another_connection() as holder, ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            publish(Happened(n=1), key="k")
        run(holder, "BEGIN", "LOCK TABLE eventbus_tick")
        ticked = pool.submit(at_once, tick)
        eventually(waits)
        with transaction.atomic():
            publish(Happened(n=2), key="k")
        run(holder, "COMMIT")
        ticked.result()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM eventbus_event, eventbus_tick"
            " WHERE pg_visible_in_snapshot(xid, snapshot)"
        )
        assert cursor.fetchone() == (2,)
