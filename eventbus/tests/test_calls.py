"""External calls: outside any transaction, owned while they last, their result recorded once."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventbus import Envelope, Retry, publish, subscribe
from eventbus.calls import call
from eventbus.engines import engine
from eventbus.models import Parked
from eventbus.parking import rows
from eventbus.testing import drain, published
from eventbus.tests.conftest import Effects, Followed, Number

LATER = timedelta(hours=1)


def calling(effects: Effects, *failures: Exception, on_crash: Any = "retry") -> list[int]:
    """A subscriber that calls outside; the list grows by each call made."""
    calls: list[int] = []
    left = list(failures)

    @subscribe("test.happened", subscriber="caller", external=True, on_crash=on_crash)
    def reach_out(view: Number, envelope: Envelope) -> Callable[[], object]:
        assert not connection.in_atomic_block
        calls.append(view.n)
        if left:
            raise left.pop(0)

        def record() -> None:
            effects.note("caller", envelope.key, view.n)
            publish(Followed(n=view.n), key=envelope.key)

        return record

    return calls


def test_a_call_is_made_outside_and_recorded_inside_a_transaction(
    effects: Effects, say: Any
) -> None:
    calls = calling(effects)
    say("k", 1, 2)
    drain()
    assert calls == [1, 2]
    assert effects.of("caller") == [1, 2]
    assert published("test.followed") == [{"n": 1}, {"n": 2}]
    assert Parked.objects.count() == 0


def test_what_a_call_publishes_names_its_cause(effects: Effects, say: Any) -> None:
    from eventbus.models import Event

    calling(effects)
    say("k", 1)
    drain()
    cause, effect = Event.objects.order_by("id")
    assert effect.headers["causation_id"] == str(cause.event_id)


def test_what_is_published_during_a_call_stands_apart_from_its_result(
    effects: Effects, say: Any
) -> None:
    """It is committed at once and stays when the call is made again."""
    left = [ConnectionError("down")]

    @subscribe("test.happened", subscriber="caller", external=True)
    def reach_out(view: Number) -> Callable[[], object]:
        with transaction.atomic():
            publish(Followed(n=0), key="k")
        if left:
            raise left.pop()
        return lambda: publish(Followed(n=view.n), key="k")

    say("k", 1)
    drain()
    drain(now=timezone.now() + LATER)
    assert published("test.followed") == [{"n": 0}, {"n": 0}, {"n": 1}]


def test_a_failed_call_is_made_again_and_its_key_waits(effects: Effects, say: Any) -> None:
    calls = calling(effects, ConnectionError("gateway away"))
    say("k", 1, 2)
    say("other", 3)
    drain()
    assert sorted(calls) == [1, 3]
    assert effects.of("caller") == [3]
    drain(now=timezone.now() + LATER)
    assert effects.of("caller", "k") == [1, 2]


def test_retry_says_when_to_ask_again(effects: Effects, say: Any) -> None:
    calls = calling(effects, Retry(after=timedelta(minutes=3)))
    say("k", 1)
    drain()
    drain(now=timezone.now() + timedelta(minutes=2))
    assert calls == [1]
    drain(now=timezone.now() + timedelta(minutes=4))
    assert calls == [1, 1]
    assert effects.of("caller") == [1]


def test_a_result_that_cannot_be_recorded_is_asked_for_again(effects: Effects, say: Any) -> None:
    answers = iter([lambda: 1 / 0, lambda: effects.note("caller", "k", 1)])

    @subscribe("test.happened", subscriber="caller", external=True)
    def reach_out(view: Number) -> Callable[[], object]:
        return next(answers)

    say("k", 1)
    drain()
    assert effects.of("caller") == []
    drain(now=timezone.now() + LATER)
    assert effects.of("caller") == [1]


def _crash_in_the_middle(say: Any) -> None:
    """The rows as a process leaves them that is killed during the call: its lock is gone."""
    from eventbus.cursors import ensure_cursors
    from eventbus.delivery import run_batch
    from eventbus.models import Cursor
    from eventbus.registry import subscribers

    say("k", 1)
    ensure_cursors()
    engine().refresh()
    run_batch(engine(), subscribers["caller"], Cursor.objects.get(subscriber="caller").pk, limit=10)
    assert Parked.objects.update(state="calling", attempts=1, next_at=timezone.now()) == 1


def test_a_call_cut_off_by_a_crash_is_made_again(effects: Effects, say: Any) -> None:
    calls = calling(effects)
    _crash_in_the_middle(say)
    drain()
    assert calls == [1]
    assert effects.of("caller") == [1]


def test_a_call_on_hold_after_a_crash_waits_for_a_person(effects: Effects, say: Any) -> None:
    calls = calling(effects, on_crash="hold")
    _crash_in_the_middle(say)
    drain()
    assert calls == []
    held = Parked.objects.get()
    assert held.state == "dead"
    assert "unknown" in held.error


def test_nobody_makes_a_call_that_another_is_making(effects: Effects, say: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()
    calls = []

    @subscribe("test.happened", subscriber="caller", external=True)
    def slow(view: Number) -> Callable[[], object]:
        calls.append(view.n)
        begun.set()
        assert go_on.wait(10)
        return lambda: effects.note("caller", "k", view.n)

    _crash_in_the_middle(say)
    Parked.objects.update(state="to call", attempts=0)

    def first_caller() -> None:
        try:
            call(engine(), [rows().get()], now=timezone.now())
        finally:
            engine().close()

    thread = threading.Thread(target=first_caller)
    thread.start()
    assert begun.wait(10)
    assert call(engine(), [rows().get()], now=timezone.now()) == 0
    go_on.set()
    thread.join()
    assert calls == [1]
    assert effects.of("caller") == [1]


def test_the_result_of_an_attempt_that_was_taken_over_is_dropped(
    effects: Effects, say: Any
) -> None:
    """Its lock was lost with its connection, another called meanwhile: one result counts."""

    @subscribe("test.happened", subscriber="caller", external=True)
    def overtaken(view: Number) -> Callable[[], object]:
        Parked.objects.update(attempts=3)  # what the other's claim wrote
        return lambda: effects.note("caller", "k", view.n)

    _crash_in_the_middle(say)
    drain()
    assert effects.of("caller") == []
    assert Parked.objects.get().attempts == 3


@pytest.mark.django_db
def test_calls_run_inside_a_tests_own_transaction() -> None:
    seen = []

    @subscribe("test.happened", subscriber="caller", external=True)
    def reach_out(view: Number) -> Callable[[], object]:
        return lambda: seen.append(view.n)

    from eventbus.tests.conftest import Happened

    publish(Happened(n=1), key="k")
    drain()
    assert seen == [1]
