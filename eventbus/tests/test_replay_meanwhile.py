"""Rebuilds in the middle of everything else that the bus does."""

from typing import Any

import pytest
from django.db import connection, transaction

from eventbus import Envelope, publish, subscribe
from eventbus.models import Event, Intervention, Parked, Rebuild
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.test_replay import (
    again,
    answers,
    catch_up,
    drain_one,
    projecting,
)
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run


def test_a_batch_handler_is_rebuilt(effects: Effects, say: Any) -> None:
    from collections.abc import Sequence

    @subscribe("test.happened", subscriber="a", replay=True, batch=True)
    def project(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for view, envelope in zip(views, envelopes, strict=True):
            effects.note("a", envelope.key, view.n)
            publish(Followed(n=view.n), key=envelope.key)

    for n in range(5):
        say(n, n)
    drain()
    again()
    say(7, 7)
    drain()
    assert effects.of("a") == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 7]
    assert answers() == [0, 1, 2, 3, 4, 7]


@on_postgresql
def test_an_event_that_was_committed_late_is_not_muted(effects: Effects, say: Any) -> None:
    """Its id is lower than the position was, but nobody had seen it."""
    projecting(effects)
    with another_connection() as slow:
        run(slow, "BEGIN", insert(1))
        say("j", 2)
        drain()
        run(slow, "COMMIT")
    again()
    drain()
    assert sorted(effects.of("a")) == [1, 2]
    assert answers() == [2, 1]


@on_postgresql
def test_a_replay_waits_for_the_batch_that_is_running(effects: Effects, say: Any) -> None:
    projecting(effects)
    say("k", 1)
    drain()
    from django.db import OperationalError

    with another_connection() as worker:
        run(worker, "BEGIN", "SELECT 1 FROM eventbus_cursor FOR UPDATE")
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '50ms'")
        try:
            with pytest.raises(OperationalError, match="lock timeout"):
                again()
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET lock_timeout")
    assert effects.of("a") == [1]
    assert again() == 1


def test_everything_new_is_told_once_while_rebuilds_come_and_go(effects: Effects, say: Any) -> None:
    projecting(effects)
    for round_ in range(4):
        say(f"k{round_ % 2}", *range(round_ * 5, round_ * 5 + 5))
        drain(seed=round_)
        again()
        say(f"k{round_ % 2}", 100 + round_)
        drain(seed=round_ + 10)
    told = sorted(answers())
    assert told == sorted([*range(20), 100, 101, 102, 103])
    assert sorted(effects.of("a")) == told
    assert effects.of("a", "k0") == [0, 1, 2, 3, 4, 100, 10, 11, 12, 13, 14, 102]


def test_publishing_as_the_happened_class_is_still_possible(effects: Effects) -> None:
    """Outside a handler nothing is muted, rebuild or not."""
    projecting(effects, publishes=False)
    drain()
    with transaction.atomic():
        publish(Happened(n=1), key="k")
    again()
    assert Event.objects.count() == 1


def test_what_failed_in_one_rebuild_is_muted_in_the_next(effects: Effects, say: Any) -> None:
    """It had its effects before either."""
    broken: set[int] = set()
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2)
    drain()
    broken.add(1)
    again()
    drain()
    assert sorted(Parked.objects.values_list("state", flat=True)) == ["dead", "waiting"]
    broken.clear()
    again()
    assert Parked.objects.count() == 0
    drain()
    assert effects.of("a") == [1, 2]
    assert answers() == [1, 2]
    assert Intervention.objects.latest("id").payload == {"published test.followed": 2}


@pytest.mark.parametrize("worker", ["a new one, carefully", "a calm one"])
def test_a_rebuild_with_nothing_to_read_ends_too(effects: Effects, say: Any, worker: str) -> None:
    @subscribe("test.followed", subscriber="a", replay=True)
    def note(view: Number) -> None: ...

    drain()
    say("k", 1)
    catch_up()
    assert again() == 1
    assert Rebuild.objects.count() == 1
    drain_one(10) if worker == "a calm one" else catch_up()
    assert Rebuild.objects.count() == 0
    assert Intervention.objects.latest("id").payload == {}
