"""A subscriber is rebuilt from the past: its own tables only, and nobody notices elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from eventbus import Envelope, Reject, operating, publish, subscribe
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Intervention, Parked, Rebuild
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.replay import replay
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.test_delivery import noting
from eventbus.worker import Worker


def projecting(
    effects: Effects, *, fails: Callable[[int], bool] = lambda n: False, publishes: bool = True
) -> None:
    """The subscriber "a": notes what it hears in a table that it can forget, and answers."""

    def forget() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM eventbus_test_effect WHERE subscriber = 'a'")

    @subscribe("test.happened", subscriber="a", replay=forget)
    def project(view: Number, envelope: Envelope) -> None:
        if fails(view.n):
            raise Reject("broken")
        effects.note("a", envelope.key, view.n)
        if publishes:
            publish(Followed(n=view.n), key=envelope.key)


def answers() -> list[int]:
    return [event.payload["n"] for event in Event.objects.filter(name="test.followed")]


def again(where: Any = "beginning", **more: Any) -> int:
    return replay("a", where, by="ops", **more)


def catch_up() -> None:
    """What a worker does for idle cursors every few seconds: it brings them to the log's end."""
    Worker().step()


def test_a_rebuild_repeats_its_own_writes_and_publishes_nothing(effects: Effects, say: Any) -> None:
    projecting(effects)
    noting(effects, "b", "test.followed")
    say("k", 1, 2, 3)
    drain()
    assert again(reason="the table was wrong") == 1
    assert effects.of("a") == []  # forgotten in the same transaction
    drain()
    assert effects.of("a") == [1, 2, 3]
    assert answers() == effects.of("b") == [1, 2, 3]
    assert not Rebuild.objects.exists()
    begun, finished = Intervention.objects.order_by("id")
    assert (begun.act, begun.by, begun.reason) == ("replay", "ops", "the table was wrong")
    assert (finished.by, finished.payload) == ("ops", {"published test.followed": 3})
    assert "finished" in finished.reason


def test_what_is_new_meanwhile_has_its_effects_once_and_in_order(
    effects: Effects, say: Any
) -> None:
    projecting(effects)
    say("k", 1, 2)
    drain()
    again()
    say("k", 3)
    drain(seed=1)
    say("k", 4)
    drain()
    assert effects.of("a") == [1, 2, 3, 4]
    assert answers() == [1, 2, 3, 4]


def test_events_before_the_start_stay_as_they_are(effects: Effects, say: Any) -> None:
    projecting(effects)
    for n in (1, 2, 3):
        say("k", n)
        drain()
    subscribers["a"].handlers["test.happened"] = _without_forget()
    second = Event.objects.filter(name="test.happened").order_by("id")[1]
    again(second.event_id)
    drain()
    assert effects.of("a") == [1, 2, 3, 2, 3]


def _without_forget() -> Any:
    import dataclasses

    return dataclasses.replace(subscribers["a"].handlers["test.happened"], forget=None)


def test_a_cursor_in_the_middle_of_its_work_comes_back_to_its_place(
    effects: Effects, say: Any
) -> None:
    """What it had not handled has its effects."""
    projecting(effects)
    say("k", 1, 2, 3, 4)
    engine().refresh()
    drain_one(2)
    assert effects.of("a") == [1, 2]
    again()
    drain(seed=2)
    assert effects.of("a") == [1, 2, 3, 4]
    assert answers() == [1, 2, 3, 4]
    finished = Intervention.objects.latest("id")
    assert finished.payload == {"published test.followed": 2}


def drain_one(limit: int) -> None:
    from eventbus.cursors import ensure_cursors

    ensure_cursors()
    run_batch(engine(), subscribers["a"], Cursor.objects.get(subscriber="a").pk, limit=limit)


def test_a_start_ahead_of_a_cursor_skips_nothing(effects: Effects, say: Any) -> None:
    projecting(effects)
    say("k", 1)
    drain()
    say("k", 2)
    assert again("now") == 0
    drain()
    assert effects.of("a") == [2]  # forgotten, and not read again
    assert answers() == [1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_every_range_goes_back_and_comes_back(effects: Effects, say: Any, seed: int) -> None:
    projecting(effects)
    Cursor.objects.create(subscriber="a", lo=0, hi=100)
    Cursor.objects.create(subscriber="a", lo=100, hi=256)
    for n in range(12):
        say(f"k{n % 4}", n)
    drain()
    assert again() == 2
    say("k1", 13)
    drain(seed=seed)
    assert sorted(effects.of("a")) == [*range(12), 13]
    assert effects.of("a", "k1") == [1, 5, 9, 13]
    assert sorted(answers()) == [*range(12), 13]
    assert Intervention.objects.filter(reason__contains="finished").count() == 2


def test_a_dead_letter_takes_effect_at_last_in_its_place(effects: Effects, say: Any) -> None:
    broken = {2}
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2, 3)
    say("j", 9)
    drain()
    assert sorted(Parked.objects.values_list("state", flat=True)) == ["dead", "waiting"]
    assert answers() == [1, 9]
    broken.clear()
    again()
    assert set(Parked.objects.values_list("state", flat=True)) == {"owed"}
    drain()
    assert effects.of("a", "k") == [1, 2, 3]
    assert answers() == [1, 9, 2, 3]  # 2 and 3 had never been heard of
    assert Parked.objects.count() == 0


def test_a_dead_letter_that_fails_again_is_one_again(effects: Effects, say: Any) -> None:
    broken = {2}
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2, 3)
    drain()
    again()
    drain()
    assert effects.of("a") == [1]
    assert sorted(Parked.objects.values_list("state", flat=True)) == ["dead", "waiting"]
    broken.clear()
    retry_dead(None)
    drain()
    assert effects.of("a") == [1, 2, 3]
    assert answers() == [1, 2, 3]


def test_what_fails_only_in_the_rebuild_stays_muted_when_it_is_retried(
    effects: Effects, say: Any
) -> None:
    broken: set[int] = set()
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2, 3)
    drain()
    broken.add(2)
    again()
    drain()
    assert effects.of("a") == [1]
    assert not Rebuild.objects.exists()
    broken.clear()
    say("k", 4)
    retry_dead(None)
    drain()
    assert effects.of("a") == [1, 2, 3, 4]
    assert answers() == [1, 2, 3, 4]


def test_a_parked_event_that_the_log_has_forgotten_waits_as_before(
    effects: Effects, say: Any
) -> None:
    broken = {1}
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2)
    drain()
    Event.objects.filter(pk=Event.objects.earliest("id").pk).delete()
    again()
    assert list(Parked.objects.order_by("position").values_list("state", flat=True)) == [
        "dead", "owed",
    ]  # fmt: skip
    drain()
    assert effects.of("a") == []  # 2 comes after 1
    broken.clear()
    retry_dead(None)
    drain()
    assert effects.of("a") == [1, 2]


def test_an_owed_event_that_nothing_handles_any_more_is_parked_as_before(
    effects: Effects, say: Any
) -> None:
    projecting(effects, fails=lambda n: n == 1)
    say("k", 1)
    drain()
    say("j", 2)
    drain()
    again()
    subscribers["a"].handlers["test.other"] = subscribers["a"].handlers.pop("test.happened")
    catch_up()
    assert not Rebuild.objects.exists()
    assert Parked.objects.get().state == "retrying"


def test_skips_and_edits_of_operators_hold_again(effects: Effects, say: Any) -> None:
    projecting(effects)
    say("k", 1, 2, 3)
    drain()
    first, second, third = Event.objects.filter(name="test.happened").order_by("id")
    decide(first, "skip")
    decide(second, "skip")
    decide(second, "edit", {"n": 22})
    decide(third, "edit", {"n": 33}, subscriber="somebody else")
    again()
    drain()
    assert effects.of("a") == [22, 3]


def test_what_an_operator_decided_about_a_dead_letter_survives_the_replay(
    effects: Effects, say: Any
) -> None:
    broken = {1, 2}
    projecting(effects, fails=lambda n: n in broken)
    say("j", 1)
    say("k", 2)
    drain()
    skipped, edited = Parked.objects.order_by("id")
    operating.skip(skipped.pk, by="ada", reason="spam")
    operating.edit(edited.pk, payload={"n": 22}, by="ben", reason="typo")
    drain()
    broken.clear()
    again()
    drain()
    assert effects.of("a") == [22]
    told = [(row["act"], row["by"], row["reason"]) for row in operating.history(count=4)]
    assert told[-2:] == [("edit", "ben", "typo"), ("skip", "ada", "spam")]


def decide(event: Event, act: str, payload: Any = None, subscriber: str = "a") -> None:
    Intervention.objects.create(
        act=act, by="ops", subscriber=subscriber, event_id=event.event_id, payload=payload,
        at=timezone.now(),
    )  # fmt: skip


def test_an_edit_is_kept_when_the_event_fails_again(effects: Effects, say: Any) -> None:
    broken: set[int] = set()
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1)
    drain()
    decide(Event.objects.filter(name="test.happened").get(), "edit", {"n": 11})
    broken.add(11)
    again()
    drain()
    assert Parked.objects.get().payload == {"n": 11}
