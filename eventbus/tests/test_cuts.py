"""A connection that breaks says nothing about the event; one that breaks it for ever is parked."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import Error, OperationalError, connection

from eventbus import Envelope, calls, cuts, retries, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Parked
from eventbus.operating import retry_dead
from eventbus.parking import rows
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.test_delivery import failing
from eventbus.tests.test_lost_connections import run, terminate
from eventbus.worker import Caller, Worker

only_postgresql = pytest.mark.engine("postgresql")
Step = Callable[[], int]


def cutting(effects: Effects, *, on: int = 2, times: int = 1_000) -> list[int]:
    """A subscriber "a" whose connection the server ends, so often, while it handles a number."""
    cut: list[int] = []

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        if view.n == on and len(cut) < times:
            cut.append(view.n)
            terminate(None)
        effects.note("a", envelope.key, view.n)

    return cut


def go_on(step: Step, rounds: int = 1) -> None:
    """Rounds of the worker's loop, which connects again after an error, with time between."""
    for _ in range(rounds):
        cuts.say(engine())
        Parked.objects.update(next_at="2000-01-01T00:00Z")
        try:
            step()
        except Error:
            engine().close()


@only_postgresql
def test_a_valid_event_outlives_a_database_that_is_restarted_twenty_times(
    effects: Effects, say: Any
) -> None:
    cut = cutting(effects, times=20)
    say("k", 1, 2, 3)
    say("other", 4)
    ensure_cursors()
    worker = Worker()
    go_on(worker.step, rounds=24)
    assert len(cut) == 20
    assert effects.of("a", "k") == [1, 2, 3]
    assert effects.of("a", "other") == [4]
    assert not Parked.objects.exists()


@only_postgresql
def test_an_event_that_always_cuts_its_connection_is_parked_and_a_dead_letter_in_the_end(
    effects: Effects, say: Any, settings: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "max_cuts": 6}
    cut = cutting(effects)
    say("k", 1, 2, 3)
    say("other", 4)
    ensure_cursors()
    worker = Worker()
    go_on(worker.step, rounds=4)
    assert effects.of("a") == [1, 4]
    assert Parked.objects.earliest("position").state == "retrying"
    go_on(worker.step, rounds=10)
    letter, waiting = Parked.objects.order_by("position")
    assert (letter.state, letter.cuts, letter.deaths) == ("dead", 6, 0)
    assert (waiting.payload, waiting.state) == ({"n": 3}, "waiting")
    assert "terminating connection" in letter.error
    seen = len(cut)
    go_on(worker.step)
    assert len(cut) == seen
    retry_dead(None)
    assert Parked.objects.earliest("position").cuts == 0


def test_a_database_that_always_breaks_off_uses_up_no_attempt(
    effects: Effects, say: Any, settings: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "max_attempts": 2, "max_cuts": 5}
    error = OperationalError("database is locked")
    failing(effects, "a", *[ValueError("down")] * 2, *[error] * 5, on=1)
    say("k", 1)
    drain()
    go_on(Worker().step, rounds=4)
    row = Parked.objects.get()
    assert (row.state, row.attempts, row.cuts) == ("retrying", 5, 4)
    go_on(Worker().step)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.cuts) == ("dead", 6, 5)


@only_postgresql
def test_an_attempt_whose_beginning_was_not_heard_is_no_death(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is committed, the server's answer never arrives."""
    parked(effects, say)
    begin = retries._begin

    def unheard(*arguments: Any) -> bool:
        begin(*arguments)
        terminate(None)
        raise AssertionError("the connection is there")

    worker = Worker()
    with monkeypatch.context() as patch:
        patch.setattr(retries, "_begin", unheard)
        go_on(worker.step, rounds=5)
    assert Parked.objects.get().attempts == 6
    go_on(worker.step)
    assert effects.of("a") == [1]
    assert not Parked.objects.exists()


def parked(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k", 1)
    drain()


@only_postgresql
def test_workers_that_are_slow_to_connect_again_make_no_dead_letter(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each finds the attempt of the one before begun and not ended, which looks like a death."""
    cutting(effects, on=1, times=5)
    say("k", 1)
    ensure_cursors()
    worker = Worker()
    go_on(worker.step, rounds=2)
    now, found = engine().clock(), list[int]()
    with monkeypatch.context() as patch:
        patch.setattr(connection, "is_usable", lambda: False)
        for _ in range(3):
            with pytest.raises(Error):
                retries.retry(engine(), rows().get(), now=now)
            found.append(rows().get().deaths)
    assert found == [0, 1, 2]
    assert retries.retry(engine(), rows().get(), now=now) is False  # they may still say it
    assert rows().get().state == "retrying"
    Worker().step()  # says it, and finds it not due yet
    row = rows().get()
    assert (row.state, row.deaths, row.begun_at) == ("retrying", 0, None)
    go_on(worker.step)
    assert effects.of("a") == [1]


def lose_results(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The connection breaks, so often, when a call was made and its result is to be recorded."""
    left, still_mine = [None] * times, calls._still_mine

    def broken(bus: Any, found: Any) -> Any:
        if left:
            left.pop()
            terminate(None)
        return still_mine(bus, found)

    monkeypatch.setattr(calls, "PAUSES", ())
    monkeypatch.setattr(calls, "_still_mine", broken)


@only_postgresql
def test_a_call_whose_result_is_lost_with_the_connection_is_no_death(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    @subscribe("test.happened", subscriber="a", external=True)
    def call(view: Number, envelope: Envelope) -> Callable[[], object]:
        made.append(view.n)
        return lambda: effects.note("a", envelope.key, view.n)

    say("k", 1)
    ensure_cursors()
    Worker().step()
    lose_results(monkeypatch, times=10)  # two of each call: the result, and that it was lost
    caller = Caller()
    go_on(caller.step, rounds=6)
    assert made == [1] * 6
    assert effects.of("a") == [1]
    assert not Parked.objects.exists()


@only_postgresql
def test_a_call_on_hold_whose_result_is_lost_with_the_connection_is_not_made_again(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    @subscribe("test.happened", subscriber="a", external=True, on_crash="hold")
    def call(view: Number) -> None:
        made.append(view.n)

    say("k", 1)
    ensure_cursors()
    Worker().step()
    lose_results(monkeypatch, times=2)
    caller = Caller()
    go_on(caller.step)
    caller.step()
    assert made == [1]
    held = Parked.objects.get()
    assert held.state == "dead"
    assert held.error.startswith("The call was made")


@only_postgresql
def test_the_second_connection_may_break_alone(effects: Effects, say: Any) -> None:
    """Only calls use it in this thread, and the first is there for all that it asks before."""
    made: list[int] = []

    @subscribe("test.happened", subscriber="a", external=True)
    def call(view: Number) -> None:
        made.append(view.n)

    say("k", 1)
    say("l", 2)
    ensure_cursors()
    Worker().step()
    beside = engine().beside.connection
    run(f"SELECT pg_terminate_backend({beside.info.backend_pid}, 10000)")
    go_on(Caller().step, rounds=2)
    assert sorted(made) == [1, 2]
