"""`kill -9` at every named point: what was committed takes effect exactly once, in order.

Each test kills one process at one point, and lets another do the rest.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from eventbus import Envelope, publish, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.models import Parked
from eventbus.testing import drain, published
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.mortal import Point, kill
from eventbus.worker import Worker

LATER = timedelta(hours=1)
Arm = Callable[[], None]


def answering(*, fails_on: int = 0) -> None:
    """A subscriber that writes and publishes what it wrote, and one that writes beside it: a
    worker may handle both in one transaction."""

    @subscribe("test.happened", subscriber="a")
    def answer(view: Number, envelope: Envelope) -> None:
        if view.n == fails_on:
            raise ValueError("down")
        Effects().note("a", envelope.key, view.n)
        publish(Followed(n=view.n), key=envelope.key)

    @subscribe("test.happened", subscriber="b")
    def note(view: Number, envelope: Envelope) -> None:
        Effects().note("b", envelope.key, view.n)


def say(*numbers: int) -> None:
    """Every number with a row of its own, in one transaction."""
    for n in numbers:
        with transaction.atomic():
            Effects().note("publisher", "k", n)
            publish(Happened(n=n), key="k")


def work(worker: Worker | None = None) -> None:
    """What a worker does until there is nothing left."""
    ensure_cursors()
    worker = worker or Worker()
    while worker.step():
        pass


def assert_once_and_in_order(effects: Effects, *numbers: int) -> None:
    assert effects.of("a") == effects.of("b") == list(numbers)
    assert published("test.followed") == [{"n": n} for n in numbers]
    assert Parked.objects.count() == 0
    assert drain(now=timezone.now() + 2 * LATER) == 0


# Publishing -------------------------------------------------------------------------------------
def publishing(arm: Arm) -> None:
    arm()
    say(1)


PUBLISHING = [
    (Point(function="append", when="before"), []),
    (Point(function="append", when="after"), []),
    (Point(function="append", when="before its commit"), []),
    (Point(function="append", when="after its commit"), [1]),
    (Point(function="eventbus.writing.announce", when="before"), [1]),
]


@pytest.mark.parametrize(("point", "committed"), PUBLISHING, ids=str)
def test_a_publisher_killed(effects: Effects, point: Point, committed: list[int]) -> None:
    """The event is there if and only if the row is; nobody was told of it, a worker polls."""
    kill(publishing, at=point)
    assert effects.of("publisher") == committed
    answering()
    work()
    assert_once_and_in_order(effects, *committed)


# Consuming --------------------------------------------------------------------------------------
def consuming_at_once(arm: Arm) -> None:
    """The worker dies in its first batch."""
    answering()
    say(1, 2, 3)
    arm()
    work()


def consuming_after_a_while(arm: Arm) -> None:
    """It dies when it has done several batches already."""
    answering()
    worker = Worker()
    say(1)
    work(worker)
    say(2)
    work(worker)
    say(3)
    arm()
    work(worker)


CONSUMING = [
    Point(function="claim", when="before"),
    Point(function="claim", when="after"),
    Point(function="fetch", when="after"),
    Point(function="eventbus.writing.write", when="before"),  # the handler has only written
    Point(function="eventbus.writing.write", when="after"),  # it has published, too
    Point(function="append", when="before"),
    Point(function="append", when="after"),
    Point(function="advance", when="before"),
    Point(function="advance", when="after"),
    Point(function="advance", when="before its commit"),
    Point(function="advance", when="after its commit"),
]


BEGINNING = [
    Point(function="be_careful", when="before"),
    Point(function="be_careful", when="after"),
    Point(function="be_careful", when="after its commit"),
]


def together(point: Point) -> Point:
    """The same point for several cursors at once, which a worker reads so when it knows them."""
    several = point.function in ("claim", "fetch", "advance")
    return replace(point, function=f"{point.function}_all") if several else point


@pytest.mark.parametrize(
    ("consuming", "point"),
    [
        *((consuming_at_once, point) for point in CONSUMING),
        *((consuming_after_a_while, together(point)) for point in CONSUMING),
    ],
    ids=lambda given: getattr(given, "__name__", str(given)),
)
def test_a_consumer_killed(effects: Effects, point: Point, consuming: Any) -> None:
    kill(consuming, at=point)
    answering()
    work()
    assert_once_and_in_order(effects, 1, 2, 3)


def going_on(arm: Arm) -> None:
    answering()
    arm()
    work()


@pytest.mark.parametrize("point", [*BEGINNING, *CONSUMING[-5:]], ids=str)
def test_the_consumer_that_follows_a_killed_one_killed(effects: Effects, point: Point) -> None:
    """It is careful: what its predecessor had begun it takes one by one."""
    kill(consuming_at_once, at=BEGINNING[-1])
    kill(going_on, at=point)
    answering()
    work()
    drain(now=timezone.now() + LATER)  # it may have been set aside
    assert_once_and_in_order(effects, 1, 2, 3)


# Parking ----------------------------------------------------------------------------------------
def parking(arm: Arm) -> None:
    answering(fails_on=2)
    say(1, 2, 3)
    arm()
    work()


PARKING = [
    Point(function="eventbus.parking.park_failed", when="before"),
    Point(function="eventbus.parking.park_failed", when="after"),
    Point(function="eventbus.parking.park_failed", when="before its commit"),
    Point(function="eventbus.parking.park_failed", when="after its commit"),
    Point(function="eventbus.parking.park_behind", when="after"),
]


@pytest.mark.parametrize("point", PARKING, ids=str)
def test_a_worker_killed_when_it_parks(effects: Effects, point: Point) -> None:
    kill(parking, at=point)
    answering()
    drain(now=timezone.now() + LATER)
    assert_once_and_in_order(effects, 1, 2, 3)


GOING_ON = [
    Point(function="eventbus.parking.finish", when=when, nth=nth)
    for nth in (1, 3)
    for when in ("before", "after", "before its commit", "after its commit")
]


@pytest.mark.parametrize("point", GOING_ON, ids=str)
def test_a_worker_killed_when_a_parked_key_goes_on(effects: Effects, point: Point) -> None:
    answering(fails_on=1)
    say(1, 2, 3)
    drain()
    Parked.objects.filter(state="retrying").update(next_at=timezone.now() - LATER)
    assert Parked.objects.count() == 3
    kill(going_on, at=point)
    answering()
    drain(now=timezone.now() + LATER)  # the attempt that died has a backoff like any other
    assert_once_and_in_order(effects, 1, 2, 3)
