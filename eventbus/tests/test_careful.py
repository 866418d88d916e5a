"""An event that kills, hangs or cuts off its worker is found and parked; the others go on."""

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError

from eventbus import Envelope, subscribe
from eventbus.careful import Step, step
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Cursor, Parked
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.test_delivery import noting
from eventbus.worker import Caller, Worker


def deadly(effects: Effects, *, on: int = 2, times: int = 1_000) -> list[int]:
    """A subscriber "a" whose worker dies of a number. Seen from the database, a KeyboardInterrupt
    that nobody catches is a death: the transaction is rolled back and nothing is recorded."""
    deaths: list[int] = []

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        if view.n == on and len(deaths) < times:
            deaths.append(view.n)
            raise KeyboardInterrupt
        effects.note("a", envelope.key, view.n)

    return deaths


def live_and_die(times: int) -> int:
    """New workers, one after the other; says how many died."""
    ensure_cursors()
    died = 0
    for _ in range(times):
        try:
            Worker().step()
        except KeyboardInterrupt:
            died += 1
    return died


def lapse() -> None:
    """Time goes by: what is parked is due, and who had lived would have said so."""
    past = "2000-01-01T00:00Z"
    Parked.objects.update(next_at=past)
    Parked.objects.exclude(begun_at=None).update(begun_at=past)


def test_an_event_that_kills_its_worker_is_set_aside_and_dead_after_three_deaths_more(
    effects: Effects, say: Any
) -> None:
    deaths = deadly(effects)
    say("k", 1, 2, 3)
    say("other", 4)
    assert live_and_die(3) == len(deaths) == 2  # with its batch, and alone
    assert effects.of("a") == [1, 4]
    assert Parked.objects.earliest("position").state == "retrying"
    for _ in range(5):
        lapse()
        live_and_die(1)
    assert len(deaths) == 5
    assert list(Parked.objects.order_by("position").values_list("state", "attempts")) == [
        ("dead", 4),
        ("waiting", 0),
    ]
    assert "The process died" in Parked.objects.earliest("position").error


def test_deaths_that_end_before_that_leave_no_trace(effects: Effects, say: Any) -> None:
    deadly(effects, times=4)
    say("k", 1, 2, 3)
    assert live_and_die(3) == 2
    for dies in (True, True, False, False):
        lapse()
        assert live_and_die(1) == dies
    assert effects.of("a") == [1, 2, 3]
    cursor = Cursor.objects.get(subscriber="a")
    assert (cursor.suspect, cursor.begun) == (None, 0)
    assert not Parked.objects.exists()


def test_only_deaths_at_the_same_event_add_up(effects: Effects, say: Any) -> None:
    left = [1, 2]

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        if [view.n] == left[:1]:
            left.pop(0)
            raise KeyboardInterrupt
        effects.note("a", envelope.key, view.n)

    say("k", 1, 2)
    assert live_and_die(2) == 2  # with its batch; and the other, the first being done, alone
    assert effects.of("a") == [1]
    assert Cursor.objects.get(subscriber="a").begun == 1
    assert not Parked.objects.exists()


def test_an_ordinary_failure_is_no_death(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a")
    def fail(view: Number) -> None:
        raise ValueError("no")

    say("k", 1)
    assert live_and_die(1) == 0
    assert Parked.objects.get().state == "retrying"


def test_a_handler_that_exits_ends_nothing_but_its_attempt(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a")
    def leave(view: Number) -> None:
        sys.exit(1)

    noting(effects, "b")
    say("k", 1)
    ensure_cursors()
    Worker().step()
    assert effects.of("b") == [1]
    assert "tried to end its thread" in Parked.objects.get().error


def test_a_parked_event_that_kills_its_worker_is_dead_after_three_deaths(
    effects: Effects, say: Any
) -> None:
    failures = [ValueError("at first only this")]
    deaths: list[int] = []

    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if failures:
            raise failures.pop()
        deaths.append(view.n)
        raise KeyboardInterrupt

    say("k", 1)
    ensure_cursors()
    Worker().step()
    for _ in range(5):
        lapse()
        live_and_die(1)
    row = Parked.objects.get()
    assert len(deaths) == 3
    assert (row.state, row.begun_at) == ("dead", None)
    assert "The process died" in row.error


def test_a_call_that_kills_its_caller_is_dead_after_three_deaths(
    effects: Effects, say: Any
) -> None:
    deaths: list[int] = []

    @subscribe("test.happened", subscriber="a", external=True)
    def call(view: Number) -> Callable[[], object]:
        deaths.append(view.n)
        raise KeyboardInterrupt

    say("k", 1)
    ensure_cursors()
    Worker().step()
    for _ in range(3):
        lapse()
        with pytest.raises(KeyboardInterrupt):
            Caller().step()
    lapse()
    Caller().step()
    assert len(deaths) == 3
    assert Parked.objects.get().state == "dead"


def test_an_error_that_always_looks_transient_blocks_its_range_only_for_a_while(
    effects: Effects, say: Any
) -> None:
    tried = []

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        if view.n == 2:
            tried.append(view.n)
            raise OperationalError("database is locked")
        effects.note("a", envelope.key, view.n)

    say("k", 1, 2, 3)
    say("l", 4)
    ensure_cursors()
    worker = Worker()
    worker.reader.calm = {Cursor.objects.get(subscriber="a").pk}
    for _ in range(20):
        worker.step()
    assert effects.of("a") == [1, 4]
    parked = Parked.objects.order_by("position")
    assert [row.state for row in parked] == ["retrying", "waiting"]
    assert "locked" in parked[0].error


def test_only_one_careful_worker_counts_at_a_time(effects: Effects, say: Any) -> None:
    """Or a start of many workers at once would look like many deaths."""
    noting(effects, "a")
    say("k", 1)
    drain()
    say("k", 2)
    cursor = Cursor.objects.get(subscriber="a").pk
    answers: list[Step] = []

    def another() -> None:
        try:
            engine().refresh()
            answers.append(step(engine(), subscribers["a"], cursor, limit=8))
        finally:
            engine().close()

    with engine().own("range", [cursor]) as mine:
        assert mine == {cursor}
        thread = threading.Thread(target=another)
        thread.start()
        thread.join(10)
    assert answers == [Step()]
    another()
    assert answers == [Step(), Step(1, calm=True)]
    assert effects.of("a") == [1, 2]


def test_a_new_worker_is_careful_and_an_old_one_is_not(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    ensure_cursors()
    worker = Worker()
    worker.step()  # one by one, until it has caught up
    cursor = Cursor.objects.get(subscriber="a").pk
    say("k", 2)
    worker.step()
    worker.step()
    assert worker.reader.calm == {cursor}
    assert effects.of("a") == [1, 2]
