"""`kill -9` around a call outside: it is made again or held, and its result is recorded once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from eventbus import publish, subscribe
from eventbus.models import Parked
from eventbus.testing import drain, published
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.mortal import Point, kill

LATER = timedelta(hours=1)
REACH = "eventbus.tests.test_crash_calls.reach"


def reach(n: int) -> None:
    """The world outside: what happens there is never rolled back."""
    Effects().note("world", "k", n)


def calling(on_crash: Any) -> None:
    @subscribe("test.happened", subscriber="caller", external=True, on_crash=on_crash)
    def call(view: Number) -> Callable[[], object]:
        reach(view.n)

        def record() -> None:
            Effects().note("caller", "k", view.n)
            publish(Followed(n=view.n), key="k")

        return record


def making_calls(on_crash: str, arm: Callable[[], None]) -> None:
    calling(on_crash)
    arm()
    drain()


# The point, and the calls that the world has seen when the process is dead.
BEGUN = [
    (Point(function=REACH, when="before"), []),
    (Point(function=REACH, when="after"), [1]),
    (Point(function="append", when="before"), [1]),
    (Point(function="append", when="after"), [1]),
    (Point(function="eventbus.parking.finish", when="before"), [1]),
    (Point(function="eventbus.parking.finish", when="before its commit"), [1]),
]
NOT_BEGUN = [
    (Point(function="eventbus.parking.park_calls", when="after"), []),
    (Point(function="eventbus.parking.park_calls", when="after its commit"), []),
]
RECORDED = [(Point(function="eventbus.parking.finish", when="after its commit"), [1])]


@pytest.mark.parametrize(("point", "made"), [*NOT_BEGUN, *BEGUN, *RECORDED], ids=str)
def test_a_caller_killed_and_its_call_made_again(
    effects: Effects, say: Any, point: Point, made: list[int]
) -> None:
    say("k", 1, 2)
    kill(making_calls, "retry", at=point)
    assert effects.of("world") == made
    calling("retry")
    drain(now=timezone.now() + LATER)
    again = [] if (point, made) in RECORDED else [1]
    assert effects.of("world") == [*made, *again, 2]
    assert effects.of("caller") == [1, 2]
    assert published("test.followed") == [{"n": 1}, {"n": 2}]
    assert Parked.objects.count() == 0


@pytest.mark.parametrize(("point", "made"), BEGUN, ids=str)
def test_a_caller_killed_and_its_call_held_for_a_person(
    effects: Effects, say: Any, point: Point, made: list[int]
) -> None:
    """A mail that may have been sent is not sent again; what comes after it waits."""
    say("k", 1, 2)
    kill(making_calls, "hold", at=point)
    calling("hold")
    drain(now=timezone.now() + LATER)
    assert effects.of("world") == made
    assert effects.of("caller") == []
    letter, waiting = Parked.objects.order_by("position")
    assert (letter.state, waiting.state) == ("dead", "waiting")
    assert "unknown" in letter.error


@pytest.mark.parametrize(("point", "made"), [*NOT_BEGUN, *RECORDED], ids=str)
def test_a_call_on_hold_that_was_not_cut_off_needs_no_person(
    effects: Effects, say: Any, point: Point, made: list[int]
) -> None:
    say("k", 1, 2)
    kill(making_calls, "hold", at=point)
    calling("hold")
    drain(now=timezone.now() + LATER)
    assert effects.of("world") == effects.of("caller") == [1, 2]
    assert Parked.objects.count() == 0
