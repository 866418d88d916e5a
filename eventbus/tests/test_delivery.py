"""Every subscriber's handling takes effect exactly once, in order, whatever fails meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.utils import timezone

from eventbus import Envelope, Reject, Retry, payload, publish, subscribe
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Parked
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.shards import shard_of
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened, Number, OtherHappened
from eventbus.worker import Worker

LATER = timedelta(hours=1)


def noting(effects: Effects, subscriber: str, *names: str) -> None:
    """A subscriber that notes what it hears."""

    @subscribe(*(names or ("test.happened",)), subscriber=subscriber)
    def note(view: Number, envelope: Envelope) -> None:
        effects.note(subscriber, envelope.key, view.n)


def failing(effects: Effects, subscriber: str, *failures: Exception, on: int = 2) -> None:
    """The same, but the number `on` fails once with each of the failures first."""
    left = list(failures)

    @subscribe("test.happened", subscriber=subscriber)
    def note(view: Number, envelope: Envelope) -> None:
        if view.n == on and left:
            # The optimistic batch fails and rolls back; only the run alone counts as an attempt.
            raise left.pop(0)
        effects.note(subscriber, envelope.key, view.n)


def test_every_subscriber_gets_every_event_once(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    noting(effects, "b")
    say("k", 1, 2, 3)
    drain()
    assert drain() == 0
    assert effects.of("a") == effects.of("b") == [1, 2, 3]


@pytest.mark.parametrize("seed", range(5))
def test_events_of_a_key_keep_their_order_in_batches_of_any_size(
    effects: Effects, say: Any, seed: int
) -> None:
    noting(effects, "a", "test.happened", "test.followed")
    for n in range(20):
        say(f"k{n % 3}", n)
    drain(seed=seed)
    for key in range(3):
        assert effects.of("a", f"k{key}") == list(range(key, 20, 3))


def test_a_new_subscriber_starts_at_the_beginning(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1, 2)
    drain()
    noting(effects, "late")
    say("k", 3)
    drain()
    assert effects.of("late") == [1, 2, 3]


def test_a_chain_of_a_hundred_events_to_oneself_arrives_whole(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="chain")
    def go_on(view: Number) -> None:
        effects.note("chain", "k", view.n)
        if view.n < 100:
            publish(Happened(n=view.n + 1), key="k")

    say("k", 1)
    drain()
    assert effects.of("chain") == list(range(1, 101))


def test_a_failing_event_stops_its_key_and_nothing_else(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 4)
    for n in range(1, 6):
        say("bad", n)
        say("good", n * 10)
    drain()
    assert effects.of("a", "good") == [10, 20, 30, 40, 50]
    assert effects.of("a", "bad") == [1]
    assert sorted(Parked.objects.values_list("state", flat=True)) == [
        "retrying", "waiting", "waiting", "waiting",
    ]  # fmt: skip


def test_a_parked_key_goes_on_in_order_once_its_head_succeeds(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 4)
    say("bad", 1, 2, 3, 4, 5)
    for hour in range(5):
        drain(now=timezone.now() + LATER * hour)
    assert effects.of("a") == [1, 2, 3, 4, 5]
    assert Parked.objects.count() == 0


def test_the_same_key_of_another_source_is_not_held_up(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    subscribers["a"].handlers["other.happened"] = _noting_handler(effects)
    say("k", 1)
    say("k", 2, cls=OtherHappened)
    drain()
    assert (effects.of("a"), effects.of("spare")) == ([], [2])


def _noting_handler(effects: Effects) -> Any:
    noting(effects, "spare", "other.happened")
    return subscribers.pop("spare").handlers["other.happened"]


def test_a_retry_runs_on_a_quiet_system(effects: Effects, say: Any) -> None:
    """One event, one failure, no other traffic: the worker's own poll finds it."""
    failing(effects, "a", *[ValueError("once")] * 2, on=1)
    say("k", 1)
    drain()
    assert effects.of("a") == []
    Parked.objects.update(next_at=timezone.now())
    assert Worker().step() == 1
    assert effects.of("a") == [1]


def test_attempts_are_counted_and_end_in_the_dead_letters(
    effects: Effects, say: Any, settings: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "max_attempts": 3}
    failing(effects, "a", *[ValueError("never")] * 9, on=1)
    say("k", 1, 2)
    for hour in range(6):
        drain(now=timezone.now() + LATER * hour)
    head, behind = Parked.objects.order_by("position")
    assert (head.state, head.attempts) == ("dead", 3)
    assert "ValueError: never" in head.error
    assert behind.state == "waiting"  # a dead letter holds its key until a person decides
    assert effects.of("a") == []


def test_a_dead_letter_can_be_tried_again(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2)
    drain()
    assert Parked.objects.filter(state="dead").count() == 1
    assert retry_dead(None) == 1
    drain()
    assert effects.of("a") == [1, 2]
    assert Parked.objects.count() == 0


def test_retrying_what_is_no_dead_letter_is_refused(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[ValueError("down")] * 2, on=1)
    say("k", 1)
    drain()
    retrying = Parked.objects.get()
    with pytest.raises(LookupError, match=str(retrying.pk)):
        retry_dead([retrying.pk])
    assert Parked.objects.get().attempts == 1


def test_reject_goes_to_the_dead_letters_at_once(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("wrong")] * 2, on=1)
    say("k", 1)
    drain()
    assert Parked.objects.values_list("state", "attempts").get() == ("dead", 1)


def test_retry_waits_at_least_as_long_as_it_says(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Retry(after=timedelta(minutes=20))] * 2, on=1)
    before = engine().clock()
    say("k", 1)
    drain()
    assert Parked.objects.get().next_at >= before + timedelta(minutes=20)


def test_an_unreadable_payload_is_a_dead_letter_with_the_field(effects: Effects, say: Any) -> None:
    @payload
    class Wants:
        colour: str

    @subscribe("test.happened", subscriber="a")
    def read(view: Wants) -> None:
        raise AssertionError("never reached")

    say("k", 1)
    drain()
    dead = Parked.objects.get()
    assert dead.state == "dead"
    assert ".colour: is missing" in dead.error


def test_a_failure_at_commit_is_found_and_parked(effects: Effects, say: Any) -> None:
    """Foreign keys are checked at COMMIT: after every handler, and after every savepoint."""

    @subscribe("test.happened", subscriber="a")
    def break_a_promise(view: Number) -> None:
        effects.note("a", "k", view.n)
        if view.n == 2:
            Permission.objects.create(content_type_id=999_999, codename="x", name="x")

    for n in range(1, 5):
        say(n, n)
    drain()
    assert sorted(effects.of("a")) == [1, 3, 4]
    parked = Parked.objects.get()
    assert (parked.key, parked.state) == ("2", "retrying")
    assert "IntegrityError" in parked.error


def test_a_handler_that_breaks_its_transaction_is_parked(effects: Effects, say: Any) -> None:
    """Django would roll back at the end without a word, and the event would come for ever."""

    @subscribe("test.happened", subscriber="a")
    def swallow(view: Number) -> None:
        effects.note("a", "k", view.n)
        if view.n == 2:
            transaction.set_rollback(True)

    say("j", 1)
    say("k", 2)
    drain()
    assert effects.of("a") == [1]
    assert "BrokenTransaction" in Parked.objects.get().error


def test_a_subscriber_that_hears_nothing_of_it_still_moves_on(effects: Effects, say: Any) -> None:
    """Or it would read an ever longer log for nothing."""
    noting(effects, "a", "test.followed")
    drain()
    say("k", *range(10))
    worker = Worker()
    worker.step()
    cursor = Cursor.objects.get(subscriber="a")
    bus = engine()
    bus.refresh()
    run_batch(bus, subscribers["a"], cursor.pk, limit=10)
    assert bus.lagging(["a"]) == []


def test_a_paused_cursor_rests_and_goes_on(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    Cursor.objects.update(paused=True)
    say("k", 1)
    assert drain() == 0
    Cursor.objects.update(paused=False)
    drain()
    assert effects.of("a") == [1]


def test_two_cursors_share_the_shards_of_a_subscriber(effects: Effects, say: Any) -> None:
    """Each key belongs to one of them, and its order holds."""
    noting(effects, "a")
    Cursor.objects.filter(subscriber="a").delete()
    Cursor.objects.create(subscriber="a", lo=0, hi=100)
    Cursor.objects.create(subscriber="a", lo=100, hi=256)
    for n in range(40):
        say(f"k{n % 8}", n)
    shards = {shard_of(f"k{n}") < 100 for n in range(8)}
    assert shards == {True, False}
    drain(seed=1)
    for key in range(8):
        assert effects.of("a", f"k{key}") == list(range(key, 40, 8))


@pytest.mark.django_db
def test_drain_works_inside_a_tests_own_transaction() -> None:
    seen = []

    @subscribe("test.happened", subscriber="a")
    def note(view: Number) -> None:
        seen.append(view.n)

    publish(Happened(n=1), key="k")
    drain()
    publish(Happened(n=2), key="k")
    drain()
    assert seen == [1, 2]
    assert Event.objects.count() == 2
