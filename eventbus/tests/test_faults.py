"""One thing that goes wrong stops nothing else: no event, subscriber or call starves another."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from eventbus import Retry, publish, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Parked, Scheduled
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.test_calls import calling
from eventbus.tests.test_delivery import failing, noting
from eventbus.worker import Caller, Worker

LATER = timedelta(hours=1)


def due_now() -> None:
    Parked.objects.update(next_at=timezone.now() - LATER)


def park() -> None:
    """Read what is new; make no call yet."""
    ensure_cursors()
    Worker().step()


def work(rounds: int = 5) -> None:
    """What a worker does, without its threads."""
    ensure_cursors()
    worker, caller = Worker(), Caller()
    for _ in range(rounds):
        worker.step()
        caller.step()


def test_a_call_whose_handler_is_gone_stops_no_other_call(effects: Effects, say: Any) -> None:
    calling(effects)

    @subscribe("test.followed", subscriber="caller", external=True)
    def gone(view: Number) -> Callable[[], object]:
        raise AssertionError("it was removed")

    say("old", 1, cls=Followed)
    say("k", 2)
    park()
    del subscribers["caller"].handlers["test.followed"]
    work()
    assert effects.of("caller", "k") == [2]
    letter = Parked.objects.get()
    assert (letter.state, letter.key) == ("dead", "old")
    assert "no handler" in letter.error


def test_what_waits_for_a_removed_handler_undoes_nothing_before_it(
    effects: Effects, say: Any
) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    noting(effects, "a", "test.followed")
    say("k", 1)
    say("k", 2, cls=Followed)
    drain()
    del subscribers["a"].handlers["test.followed"]
    drain(now=timezone.now() + LATER)
    assert effects.of("a") == [1]
    letter = Parked.objects.get()
    assert (letter.state, letter.name) == ("dead", "test.followed")
    noting(effects, "a", "test.followed")  # the next release has it again
    assert retry_dead(None) == 1
    drain(now=timezone.now() + LATER)
    assert effects.of("a") == [1, 2]


def test_a_call_that_became_a_plain_handler_runs_in_a_transaction(
    effects: Effects, say: Any
) -> None:
    calling(effects)
    say("k", 1)
    park()
    subscribers.clear()

    @subscribe("test.happened", subscriber="caller")
    def note(view: Number) -> None:
        assert connection.in_atomic_block
        effects.note("caller", "k", view.n)

    work()
    assert effects.of("caller") == [1]


def test_a_plain_handler_that_became_a_call_is_called(effects: Effects, say: Any) -> None:
    failing(effects, "caller", *[ValueError("down")] * 2, on=1)
    say("k", 1)
    drain()
    subscribers.clear()
    calls = calling(effects)
    due_now()
    work()
    assert calls == effects.of("caller") == [1]


@pytest.mark.parametrize("message", ["a \x00 byte", "half a \ud800 pair"])
def test_an_error_whose_message_no_database_can_hold_is_parked(
    effects: Effects, say: Any, message: str
) -> None:
    failing(effects, "a", *[ValueError(message)] * 2)
    say("k", 2)
    say("other", 3)
    drain()
    assert effects.of("a") == [3]
    assert "ValueError" in Parked.objects.get().error


def test_a_retry_that_the_database_cuts_off_stops_no_other(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n in left:
            raise left[view.n]
        effects.note("a", "k", view.n)

    left: dict[int, Exception] = {1: ValueError("down"), 2: ValueError("down")}
    say("k", 1)
    say("other", 2)
    drain()
    due_now()
    left.clear()
    left[1] = OperationalError("database is locked" if connection.vendor == "sqlite" else "cut off")
    Worker().step()
    assert effects.of("a") == [2]
    row = Parked.objects.get()
    assert (row.state, row.attempts, row.cuts) == ("retrying", 2, 1)
    due_now()
    left.clear()
    Worker().step()
    assert effects.of("a") == [2, 1]


def test_a_paused_subscriber_neither_retries_nor_calls(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    calls = calling(effects, ConnectionError("away"))
    say("k", 1)
    drain()
    Cursor.objects.update(paused=True)
    due_now()
    work()
    assert effects.of("a") == []
    assert calls == [1]
    Cursor.objects.update(paused=False)
    work()
    assert effects.of("a") == [1]
    assert calls == [1, 1]


def test_rows_that_nobody_may_run_starve_no_other(effects: Effects, say: Any) -> None:
    failing(effects, "asleep", *[ValueError("down")] * 300, on=1)
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k", 1)
    for n in range(120):
        say(f"k{n}", *[1] * (n > 0))
    drain()
    Cursor.objects.filter(subscriber="asleep").update(paused=True)
    due_now()
    work()
    assert effects.of("a", "k") == [1]


def test_a_scheduled_event_that_is_in_the_log_already_stops_no_other(
    effects: Effects, say: Any
) -> None:
    """As when its cause was delivered again, whose events have the same ids."""
    noting(effects, "a", "test.followed")
    with transaction.atomic():
        for n in (1, 2):
            publish(Followed(n=n), key="k", at=timezone.now() + LATER * n)
    twin = Scheduled.objects.order_by("due_at").first()
    assert twin is not None
    say("k", 1, cls=Followed)
    Event.objects.update(event_id=twin.event_id)
    drain(now=timezone.now() + 3 * LATER)
    assert effects.of("a") == [1, 2]
    assert not Scheduled.objects.exists()


def test_a_call_on_hold_that_was_made_is_not_made_again_when_its_result_is_lost(
    effects: Effects, say: Any
) -> None:
    made: list[int] = []

    @subscribe("test.happened", subscriber="mail", external=True, on_crash="hold")
    def send(view: Number) -> Callable[[], object]:
        made.append(view.n)
        return lambda: 1 / 0

    say("k", 1)
    drain()
    drain(now=timezone.now() + LATER)
    assert made == [1]
    held = Parked.objects.get()
    assert held.state == "dead"
    assert "was made" in held.error


def test_a_call_on_hold_that_failed_is_made_again(effects: Effects, say: Any) -> None:
    calls = calling(effects, Retry("no answer"), on_crash="hold")
    say("k", 1)
    drain()
    drain(now=timezone.now() + LATER)
    assert calls == [1, 1]


def test_a_subscriber_that_cannot_read_starves_no_retry(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k", 1)
    drain()
    due_now()
    noting(effects, "broken", "test.followed")
    say("k", 2, cls=Followed)
    ensure_cursors()
    bus = engine()
    monkeypatch.setattr(bus, "fetch", lambda *_: 1 / 0)
    Worker().step()
    assert effects.of("a") == [1]


@pytest.mark.engine("postgresql")
def test_an_event_whose_statement_takes_too_long_is_parked(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n == 1:
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = 50")
                cursor.execute("SELECT pg_sleep(1)")
        effects.note("a", "k", view.n)

    say("slow", 1)
    say("k", 2)
    work()
    assert effects.of("a") == [2]
    assert "timeout" in Parked.objects.get().error


def test_a_transient_error_of_the_database_counts_as_no_attempt(effects: Effects, say: Any) -> None:
    error = OperationalError("database is locked")
    error.__cause__ = type("Deadlock", (Exception,), {"sqlstate": "40P01"})()
    failing(effects, "a", error, on=2)
    say("k", 1, 2, 3)
    with pytest.raises(OperationalError):
        drain()
    assert effects.of("a") == []
    assert Parked.objects.count() == 0
    drain()
    assert effects.of("a") == [1, 2, 3]
