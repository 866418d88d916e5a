"""A subscriber, or one key of it, rests and goes on; nothing else is held up and nothing is lost."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from eventbus import calls, operating, retries, subscribe
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.errors import NotFound, Refused
from eventbus.models import Cursor, Intervention, Parked, PausedKey
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number, OtherHappened
from eventbus.tests.test_delivery import LATER, failing, noting

ADA = {"by": "ada", "reason": "the supplier is down"}
KEY = ("a", "test", "k")


def acts() -> list[tuple[str, str, str, str]]:
    rows = Intervention.objects.order_by("id")
    return list(rows.values_list("act", "subscriber", "key", "reason"))


def test_a_paused_subscriber_rests_and_goes_on_in_order(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    noting(effects, "b")
    say("k", 1)
    drain()
    operating.pause("a", **ADA)
    say("k", 2, 3)
    drain()
    assert (effects.of("a"), effects.of("b")) == ([1], [1, 2, 3])
    operating.resume("a", by="ada")
    drain()
    assert effects.of("a") == [1, 2, 3]
    assert acts() == [("pause", "a", "", ADA["reason"]), ("resume", "a", "", "")]


def test_a_paused_subscribers_retries_and_calls_are_not_begun(effects: Effects, say: Any) -> None:
    failing(effects, "a", ValueError("down"), ValueError("down"), on=1)
    called = calling()
    say("k", 1)
    drain()
    operating.pause("a", **ADA)
    operating.pause("c", **ADA)
    drain(now=timezone.now() + LATER)
    assert (effects.of("a"), called) == ([], [1])
    operating.resume("a", **ADA)
    operating.resume("c", **ADA)
    drain(now=timezone.now() + LATER)
    assert (effects.of("a"), called) == ([1], [1, 1])


def calling() -> list[int]:
    """A subscriber "c" that calls outside, and fails the first time."""
    called: list[int] = []

    @subscribe("test.happened", subscriber="c", external=True)
    def call(view: Number) -> None:
        called.append(view.n)
        if called == [1]:
            raise ValueError("down")

    return called


@pytest.mark.parametrize("rest", ["subscriber", "key"])
def test_what_a_worker_had_found_before_the_pause_is_not_begun_after_it(
    effects: Effects, say: Any, rest: str
) -> None:
    failing(effects, "a", ValueError("down"), ValueError("down"), on=1)
    called = calling()
    say("k", 1)
    drain()
    retry = Parked.objects.get(subscriber="a")
    call = Parked.objects.get(subscriber="c")
    for name in ("a", "c"):
        if rest == "key":
            operating.pause_key(name, "test", "k", **ADA)
        else:
            operating.pause(name, **ADA)
    now = engine().clock()
    assert not retries.retry(engine(), retry, now=now)
    assert calls.call(engine(), [call], now=now) == 0
    assert (effects.of("a"), called) == ([], [1])
    kept = Parked.objects.order_by("subscriber").values_list("state", "attempts", "begun_at")
    assert [row[:2] for row in kept] == [("retrying", 1), ("to call", 1)]


@pytest.mark.engine("postgresql")
def test_a_pause_lets_the_batch_in_progress_end_first(effects: Effects, say: Any) -> None:
    """The operator is told that it rests when it does. (SQLite has one writer at a time.)"""
    order: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    @subscribe("test.happened", subscriber="a")
    def slow(view: Number) -> None:
        begun.set()
        go_on.wait(30)
        order.append("handled")

    def work() -> None:
        try:
            run_batch(engine(), subscribers["a"], cursor, limit=10)
        finally:
            engine().close()

    def pause() -> None:
        try:
            operating.pause("a", **ADA)
            order.append("paused")
        finally:
            engine().close()

    drain()
    say("k", 1)
    engine().refresh()
    cursor = Cursor.objects.get(subscriber="a").pk
    threads = [threading.Thread(target=act) for act in (work, pause)]
    threads[0].start()
    assert begun.wait(30)
    threads[1].start()
    wait_for_a_lock()
    go_on.set()
    for thread in threads:
        thread.join()
    assert order == ["handled", "paused"]


def wait_for_a_lock() -> None:
    """Until a session waits for another's lock."""
    with connection.cursor() as cursor:
        for _ in range(100_000):
            cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
            if cursor.fetchone():
                return
    raise AssertionError("nobody waits")


def test_a_paused_keys_events_wait_and_nothing_elses_do(effects: Effects, say: Any) -> None:
    noting(effects, "a", "test.happened", "other.happened")
    noting(effects, "b")
    drain()
    operating.pause_key(*KEY, **ADA)
    say("k", 1, 2)
    say("j", 3)
    say("k", 4, cls=OtherHappened)
    drain()
    assert (effects.of("a", "k"), effects.of("a", "j")) == ([4], [3])
    assert effects.of("b", "k") == [1, 2]
    assert list(Parked.objects.values_list("state", flat=True)) == ["waiting"] * 2
    operating.resume_key(*KEY, by="ada")
    say("k", 5)
    drain()
    assert effects.of("a", "k") == [4, 1, 2, 5]
    assert Parked.objects.count() == PausedKey.objects.count() == 0
    assert acts() == [("pause", "a", "k", ADA["reason"]), ("resume", "a", "k", "")]


def test_a_paused_key_is_not_retried_and_stays_so_over_a_skip(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k", 1, 2)
    drain()
    operating.pause_key(*KEY, **ADA)
    drain(now=timezone.now() + LATER)
    head = Parked.objects.earliest("position")
    assert (head.state, head.attempts) == ("retrying", 1)
    operating.skip(head.pk, **ADA)
    drain(now=timezone.now() + LATER)
    assert effects.of("a") == []
    operating.resume_key(*KEY, by="ada")
    drain(now=timezone.now() + LATER)
    assert effects.of("a") == [2]


def test_the_first_that_waits_in_a_paused_key_can_be_skipped_or_edited(
    effects: Effects, say: Any
) -> None:
    noting(effects, "a")
    drain()
    operating.pause_key(*KEY, **ADA)
    say("k", 1, 2, 3)
    drain()
    first, second, third = Parked.objects.order_by("position")
    with pytest.raises(Refused, match=f"{second.pk} waits behind {first.pk}"):
        operating.skip(second.pk, **ADA)
    operating.skip(first.pk, **ADA)
    operating.edit(second.pk, payload={"n": 7}, **ADA)
    drain()
    assert effects.of("a") == []
    operating.resume_key(*KEY, by="ada")
    drain()
    assert effects.of("a") == [7, 3]
    assert third.payload == {"n": 3}


def test_a_pause_survives_a_restart_of_the_worker(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    operating.pause_key(*KEY, **ADA)
    engine().close()
    say("k", 1)
    drain()
    assert effects.of("a") == []


def test_what_rests_is_not_paused_again_nor_resumed_twice(effects: Effects) -> None:
    noting(effects, "a")
    drain()
    with pytest.raises(Refused, match="a is not paused"):
        operating.resume("a", by="ada")
    with pytest.raises(Refused, match="test k is not paused for a"):
        operating.resume_key(*KEY, by="ada")
    operating.pause("a", by="ada")
    operating.pause_key(*KEY, by="ada")
    with pytest.raises(Refused, match="a is paused already"):
        operating.pause("a", by="ben")
    with pytest.raises(Refused, match="test k is paused already for a"):
        operating.pause_key(*KEY, by="ben")
    for act in (operating.pause, operating.resume):
        with pytest.raises(NotFound, match="nobody"):
            act("nobody", by="ada")
    with pytest.raises(NotFound, match="nobody"):
        operating.pause_key("nobody", "test", "k", by="ada")
    assert [act for act, *_ in acts()] == ["pause", "pause"]
