"""Operators act at the same time as themselves and as the workers."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from eventbus import Reject, calls, operating, retries, subscribe
from eventbus.engines import engine
from eventbus.errors import Refused
from eventbus.models import Event, Intervention, Parked
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.test_delivery import failing, noting
from eventbus.tests.test_pausing import wait_for_a_lock
from eventbus.tests.test_ranges import at_once
from eventbus.worker import Worker

ADA = {"by": "ada", "reason": "spam"}
BEN = {"by": "ben", "reason": "spam"}


def count(act: Callable[[], object], refused: list[str]) -> Callable[[], None]:
    """The act, which may be refused."""

    def run() -> None:
        try:
            act()
        except Refused as error:
            refused.append(str(error))

    return run


def dead_letters(effects: Effects, say: Any, number: int) -> list[Parked]:
    """One a key, with an event that waits behind it; what made them fail is mended."""
    failing(effects, "a", *[Reject("broken")] * 2 * number, on=1)
    for n in range(number):
        say(f"k{n}", 1, 2)
    drain()
    subscribers.clear()
    noting(effects, "a")
    return list(Parked.objects.filter(state="dead").order_by("position"))


def work() -> None:
    worker = Worker()
    for _ in range(15):
        worker.step()


def test_two_operators_skip_the_same_letters_while_workers_work(effects: Effects, say: Any) -> None:
    letters = dead_letters(effects, say, 5)
    refused: list[str] = []
    ada = [count(lambda row=row: operating.skip(row.pk, **ADA), refused) for row in letters]  # type: ignore[misc]
    ben = [count(lambda row=row: operating.skip(row.pk, **BEN), refused) for row in letters]  # type: ignore[misc]
    at_once(lambda: [act() for act in ada], work, lambda: [act() for act in ben])
    drain()
    assert [effects.of("a", f"k{n}") for n in range(5)] == [[2]] * 5
    assert len(refused) == 5
    assert Intervention.objects.count() == 5
    assert Parked.objects.count() == 0


def test_a_letter_is_skipped_or_retried_but_not_both(effects: Effects, say: Any) -> None:
    letters = dead_letters(effects, say, 8)
    refused: list[str] = []
    skips = [count(lambda row=row: operating.skip(row.pk, **ADA), refused) for row in letters]  # type: ignore[misc]
    at_once(work, lambda: [act() for act in skips], lambda: operating.retry_dead(by="ben"), work)
    drain()
    skipped = set(Intervention.objects.filter(act="skip").values_list("key", flat=True))
    for n in range(8):
        assert effects.of("a", f"k{n}") == ([2] if f"k{n}" in skipped else [1, 2])
    assert len(skipped) + len(refused) == 8


def test_two_operators_redeliver_the_same_event(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    event = Event.objects.get().event_id
    refused: list[str] = []
    at_once(
        count(lambda: operating.redeliver(event, "a", **ADA), refused),
        count(lambda: operating.redeliver(event, "a", **BEN), refused),
    )
    assert len(refused) == 1
    assert "parked" in refused[0]
    drain()
    assert effects.of("a") == [1, 1]


def test_pauses_and_resumes_at_once_leave_nothing_behind(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    say("k", *range(10))

    def pause_and_resume() -> None:
        for _ in range(5):
            for act in (operating.pause_key, operating.resume_key):
                count(lambda act=act: act("a", "test", "k", by="ada"), [])()  # type: ignore[misc]

    at_once(pause_and_resume, work, pause_and_resume, work)
    count(lambda: operating.resume_key("a", "test", "k", by="ada"), [])()
    drain()
    assert effects.of("a") == [*range(10)]
    assert Parked.objects.count() == 0


def test_what_a_worker_has_read_is_run_as_edited_meanwhile(effects: Effects, say: Any) -> None:
    """The worker's row is of before the edit; what it runs is of after it."""
    letter = dead_letters(effects, say, 1)[0]
    operating.retry_dead(by="ada")
    read = Parked.objects.get(pk=letter.pk)
    operating.edit(letter.pk, payload={"n": 5}, **ADA)
    assert retries.retry(engine(), read, now=engine().clock())
    assert effects.of("a") == [5]


def test_a_call_that_was_read_before_an_edit_is_made_as_edited(effects: Effects, say: Any) -> None:
    called = []

    @subscribe("test.happened", subscriber="c", external=True)
    def call(view: Number) -> None:
        called.append(view.n)

    drain()
    operating.pause_key("c", "test", "k", by="ada")
    say("k", 1)
    drain()
    operating.resume_key("c", "test", "k", by="ada")
    read = Parked.objects.get()
    operating.edit(read.pk, payload={"n": 5}, **ADA)
    assert calls.call(engine(), [read], now=engine().clock()) == 1
    assert called == [5]


@pytest.mark.engine("postgresql")
def test_an_operator_waits_for_the_retry_in_progress(effects: Effects, say: Any) -> None:
    """And then finds that there is nothing left to skip."""
    letter = dead_letters(effects, say, 1)[0]
    refused: list[str] = []

    def skip() -> None:
        try:
            count(lambda: operating.skip(letter.pk, **ADA), refused)()
        finally:
            engine().close()

    skipping = threading.Thread(target=skip)
    with transaction.atomic():
        engine().hold("a", letter.shard, wait=True)
        skipping.start()
        wait_for_a_lock()
        Parked.objects.filter(pk=letter.pk).delete()
    skipping.join()
    assert len(refused) == 1
    assert Intervention.objects.count() == 0
