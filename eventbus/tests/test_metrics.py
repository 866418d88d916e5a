"""What is committed is counted, once; what is rolled back is in no number."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from eventbus import Reject, publish, subscribe, unschedule
from eventbus.cursors import ensure_cursors
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Rebuild
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Counts, Effects, Followed, Happened, Number
from eventbus.tests.test_calls import calling
from eventbus.tests.test_delivery import failing, noting

LATER = timedelta(hours=1)
OUTCOMES = ("done", "parked", "retried", "dead", "skipped", "replayed")


def outcomes(since: Counts, subscriber: str, name: str = "test.happened") -> dict[str, float]:
    """Those that were counted at all."""
    found = {
        outcome: since("handled_total", subscriber=subscriber, name=name, outcome=outcome)
        for outcome in OUTCOMES
    }
    return {outcome: count for outcome, count in found.items() if count}


def test_three_handled_one_parked_one_dead_and_a_rolled_back_one_that_never_was(
    effects: Effects, say: Any, since: Counts
) -> None:
    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        if view.n == 2:
            raise ValueError("down")
        if view.n == 4:
            raise Reject("broken")

    for n in range(1, 6):
        say(n, n)
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(Happened(n=9), key=9)
        raise RuntimeError
    drain()

    assert since("published_total", name="test.happened") == 5
    assert outcomes(since, "a") == {"done": 3, "parked": 1, "dead": 1}
    assert since("e2e_seconds_count", subscriber="a") == 3
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 3
    # The batch of five was rolled back; each event was then moved past alone.
    assert since("batch_size_count", subscriber="a") == 5
    assert since("batch_size_sum", subscriber="a") == 5
    assert since("retries_total", subscriber="a") == 0


def test_a_batch_is_counted_whole(effects: Effects, say: Any, since: Counts) -> None:
    noting(effects, "a")
    say("k", *range(7))
    drain()

    assert outcomes(since, "a") == {"done": 7}
    assert since("batch_size_count", subscriber="a") == 1
    assert since("batch_size_bucket", subscriber="a", le="5.0") == 0
    assert since("batch_size_bucket", subscriber="a", le="10.0") == 1
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 7


def test_a_run_of_events_is_one_call_of_its_handler(
    effects: Effects, say: Any, since: Counts
) -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def note(views: Sequence[Number]) -> None:
        assert len(views) == 3

    for n in range(3):
        say(n, n)
    drain()

    assert outcomes(since, "a") == {"done": 3}
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 1
    assert since("e2e_seconds_count", subscriber="a") == 3


def test_a_cursor_that_moves_past_nothing_is_not_counted(
    effects: Effects, say: Any, since: Counts
) -> None:
    noting(effects, "a", "test.followed")
    ensure_cursors()
    say("k", 1)
    engine().refresh()
    run_batch(engine(), subscribers["a"], Cursor.objects.get(subscriber="a").pk, limit=10)

    assert outcomes(since, "a") == {}
    assert since("batch_size_count", subscriber="a") == 0


def test_attempts_after_the_first_are_retries(effects: Effects, say: Any, since: Counts) -> None:
    failing(effects, "a", *[ValueError("down")] * 3, on=1)
    say("k", 1, 2)
    for hour in range(4):
        drain(now=timezone.now() + LATER * hour)

    # The head failed in the batch, alone and once more; what was behind it ran for the first time.
    assert outcomes(since, "a") == {"parked": 2, "retried": 1, "done": 2}
    assert since("retries_total", subscriber="a") == 2
    assert since("handler_seconds_count", subscriber="a", name="test.happened") == 2
    assert since("e2e_seconds_count", subscriber="a") == 2


def test_the_last_attempt_is_dead(effects: Effects, say: Any, since: Counts, settings: Any) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "max_attempts": 2}
    failing(effects, "a", *[ValueError("never")] * 9, on=1)
    say("k", 1)
    for hour in range(4):
        drain(now=timezone.now() + LATER * hour)

    assert outcomes(since, "a") == {"parked": 1, "dead": 1}
    assert since("retries_total", subscriber="a") == 1


def test_a_call_outside_is_parked_until_its_result_is_committed(
    effects: Effects, say: Any, since: Counts
) -> None:
    calling(effects, ConnectionError("away"))
    say("k", 1)
    drain()
    assert outcomes(since, "caller") == {"parked": 1, "retried": 1}
    assert since("published_total", name="test.followed") == 0
    drain(now=timezone.now() + LATER)

    assert outcomes(since, "caller") == {"parked": 1, "retried": 1, "done": 1}
    assert since("published_total", name="test.followed") == 1
    assert since("handler_seconds_count", subscriber="caller", name="test.happened") == 2
    assert since("retries_total", subscriber="caller") == 1
    assert since("e2e_seconds_count", subscriber="caller") == 1


def test_an_event_of_an_erased_subject_is_skipped(
    effects: Effects, say: Any, since: Counts
) -> None:
    @subscribe("test.happened", subscriber="a", skip_erased=True)
    def note(view: Number) -> None:
        effects.note("a", "k", view.n)

    say("k", 1, 2)
    Event.objects.filter(payload__n=1).update(headers={"erased": True})
    drain()

    assert outcomes(since, "a") == {"skipped": 1, "done": 1}
    assert since("e2e_seconds_count", subscriber="a") == 1
    assert effects.of("a") == [2]


def test_a_rebuild_is_told_apart_and_has_no_age(effects: Effects, say: Any, since: Counts) -> None:
    noting(effects, "a")
    say("k", 1, 2)
    drain()
    cursor = Cursor.objects.get(subscriber="a")
    Rebuild.objects.create(
        cursor=cursor,
        tick=cursor.tick,
        target=cursor.target,
        pos=cursor.pos,
        started_at=timezone.now(),
    )
    Cursor.objects.update(tick=None, target=None, pos=0)
    say("k", 3)
    drain()

    assert outcomes(since, "a") == {"done": 3, "replayed": 2}
    assert since("e2e_seconds_count", subscriber="a") == 3


def test_a_scheduled_event_is_published_when_it_is_due(effects: Effects, since: Counts) -> None:
    due = timezone.now() + LATER
    with transaction.atomic():
        publish(Followed(n=1), key="kept", at=due)
        publish(Followed(n=2), key="taken back", at=due)
    unschedule("test.followed", "taken back")
    drain()
    assert since("published_total", name="test.followed") == 0
    drain(now=due)

    assert since("published_total", name="test.followed") == 1


def test_the_way_from_publication_to_effect_is_never_less_than_nothing(
    effects: Effects, say: Any, since: Counts
) -> None:
    noting(effects, "late")
    noting(effects, "early", "test.followed")
    say("k", 1)
    say("k", 2, cls=Followed)
    Event.objects.filter(name="test.happened").update(occurred_at=timezone.now() - LATER)
    Event.objects.filter(name="test.followed").update(occurred_at=timezone.now() + LATER)
    drain()

    assert 3600 <= since("e2e_seconds_sum", subscriber="late") < 3660
    assert since("e2e_seconds_count", subscriber="early") == 1
    assert since("e2e_seconds_sum", subscriber="early") == 0
