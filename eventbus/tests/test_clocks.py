"""A worker's clock may be wrong by an hour: the database's time rules, and order has none."""

import time as clock
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventbus import Retry, clocks, publish, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Event, Parked, Scheduled
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened, Number
from eventbus.tests.test_calls import calling
from eventbus.tests.test_delivery import failing, noting
from eventbus.tests.test_worker import eventually, running
from eventbus.worker import Caller, Worker

WRONG = [timedelta(hours=1), timedelta(hours=-1)]
MINUTES = timedelta(minutes=10)
SetClock = Callable[[timedelta], None]


@pytest.fixture
def clock_off_by(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Put this process's clock forward or back."""
    time, now = clock.time, timezone.now

    def set_clock(off: timedelta) -> None:
        monkeypatch.setattr("time.time", lambda: time() + off.total_seconds())
        monkeypatch.setattr("django.utils.timezone.now", lambda: now() + off)

    return set_clock


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now


def step() -> None:
    Worker().step()
    Caller().step()


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("off", WRONG)
def test_a_retry_waits_by_the_databases_time(
    effects: Effects, say: Any, clock_off_by: SetClock, off: timedelta
) -> None:
    clock_off_by(off)
    failing(effects, "a", Retry(after=MINUTES), on=1)
    ensure_cursors()
    say("k", 1)
    before = database_now()
    step()
    parked = Parked.objects.get()
    assert before + MINUTES <= parked.next_at <= database_now() + MINUTES
    step()
    assert Parked.objects.get().attempts == parked.attempts
    Parked.objects.update(next_at=database_now())
    step()
    assert effects.of("a") == [1]


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("off", WRONG)
def test_a_call_waits_by_the_databases_time(
    effects: Effects, say: Any, clock_off_by: SetClock, off: timedelta
) -> None:
    clock_off_by(off)
    calls = calling(effects, Retry(after=MINUTES))
    ensure_cursors()
    say("k", 1)
    step()
    step()
    assert calls == [1]
    Parked.objects.update(next_at=database_now())
    step()
    assert calls == [1, 1]
    assert effects.of("caller") == [1]


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("off", WRONG)
def test_a_scheduled_event_is_due_by_the_databases_time(
    effects: Effects, clock_off_by: SetClock, off: timedelta
) -> None:
    noting(effects, "a")
    ensure_cursors()
    with transaction.atomic():
        publish(Happened(n=1), key="k", at=database_now() + MINUTES)
    clock_off_by(off)
    step()
    assert effects.of("a") == []
    Scheduled.objects.update(due_at=database_now())
    step()
    step()
    assert effects.of("a") == [1]


@pytest.mark.parametrize("off", WRONG)
def test_order_is_not_by_time(
    effects: Effects, say: Any, clock_off_by: SetClock, off: timedelta
) -> None:
    """Every publisher's clock is wrong in its own way."""
    noting(effects, "a")
    for n in range(6):
        clock_off_by(off * n)
        say("k", n)
    first, *_, last = Event.objects.order_by("id")
    assert (last.occurred_at - first.occurred_at > timedelta(0)) == (off > timedelta(0))
    drain()
    assert effects.of("a") == list(range(6))


def test_a_clock_that_is_set_back_while_a_key_waits_loses_nothing(
    effects: Effects, say: Any, clock_off_by: SetClock
) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k", 1, 2)
    drain()
    clock_off_by(timedelta(hours=-1))
    say("k", 3)
    drain(now=engine().clock() + timedelta(hours=2))
    assert effects.of("a") == [1, 2, 3]
    assert Parked.objects.count() == 0


@pytest.mark.parametrize("off", WRONG)
def test_a_worker_notices_an_idle_cursor_whatever_its_clock_says(
    effects: Effects, say: Any, clock_off_by: SetClock, off: timedelta
) -> None:
    heard: list[int] = []

    @subscribe("test.happened", subscriber="a")
    def hear(view: Number) -> None:
        heard.append(view.n)

    ensure_cursors()
    worker = Worker()
    worker.step()
    clock_off_by(off)
    say("k", 1)
    worker.step()
    assert heard == [1]


@pytest.mark.engine("postgresql")
@pytest.mark.parametrize("off", WRONG)
def test_a_worker_whose_clock_is_wrong_rests_until_it_is_right(
    effects: Effects,
    say: Any,
    clock_off_by: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    off: timedelta,
) -> None:
    monkeypatch.setattr("eventbus.worker.REST_SECONDS", 0.01)
    noting(effects, "a")
    say("k", 1)
    clock_off_by(off)
    with running():
        eventually(lambda: f"{off.total_seconds():+.0f} s from the database's" in caplog.text)
        assert effects.of("a") == []
        clock_off_by(timedelta(seconds=30))
        eventually(lambda: effects.of("a") == [1])


@pytest.mark.engine("postgresql")
@pytest.mark.usefixtures("effects")
def test_a_clock_is_looked_at_now_and_then(clock_off_by: SetClock) -> None:
    looked_at = clocks.Clock()
    assert looked_at.is_right(engine())
    clock_off_by(timedelta(hours=1))
    assert looked_at.is_right(engine())
    looked_at.due_at = 0.0
    assert [looked_at.is_right(engine()) for _ in range(2)] == [False, False]
    clock_off_by(timedelta())
    assert looked_at.is_right(engine())
