"""A subscriber is rebuilt from the past: its own tables only, and nobody notices elsewhere."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventbus import Envelope, Reject, publish, subscribe, unschedule
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Intervention, Parked, Rebuild, Scheduled
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.replay import CannotReplay, dry_run, replay
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.test_delivery import LATER, noting
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run
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


def test_calls_are_not_made_again_but_counted(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a", external=True, replay=True)
    def call(view: Number) -> Callable[[], None]:
        return lambda: effects.note("a", "called", view.n)

    say("k", 1, 2)
    drain()
    again()
    say("k", 3)
    drain()
    assert effects.of("a") == [1, 2, 3]
    assert Intervention.objects.latest("id").payload == {"called test.happened": 2}


def test_a_call_that_was_never_made_is_made(effects: Effects, say: Any) -> None:
    refused = [Reject("no")]

    @subscribe("test.happened", subscriber="a", external=True, replay=True)
    def call(view: Number) -> Callable[[], None]:
        if refused:
            raise refused.pop()
        return lambda: effects.note("a", "called", view.n)

    say("k", 1)
    drain()
    assert Parked.objects.get().state == "dead"
    again()
    drain()
    assert effects.of("a") == [1]
    assert Parked.objects.count() == 0


def test_a_muted_event_behind_a_failed_one_calls_nobody(effects: Effects, say: Any) -> None:
    """It waits as a parked event, and such a one of this handler is usually a call to make."""
    broken: set[int] = set()

    @subscribe("test.followed", subscriber="a", replay=True)
    def note(view: Number) -> None:
        if view.n in broken:
            raise Reject("broken")

    @subscribe("test.happened", subscriber="a", external=True, replay=True)
    def call(view: Number) -> Callable[[], None]:
        return lambda: effects.note("a", "called", view.n)

    say("k", 1, cls=Followed)
    say("k", 2)
    drain()
    assert effects.of("a") == [2]
    broken.add(1)
    again()
    drain()
    assert sorted(Parked.objects.values_list("state", flat=True)) == ["dead", "waiting"]
    broken.clear()
    retry_dead(None)
    drain()
    assert effects.of("a") == [2]
    assert Parked.objects.count() == 0


def test_a_muted_handler_schedules_and_takes_back_nothing(effects: Effects, say: Any) -> None:
    soon = timezone.now() + LATER

    @subscribe("test.happened", subscriber="a", replay=True)
    def plan(view: Number) -> None:
        if view.n == 1:
            publish(Followed(n=1), key="later", at=soon)
        else:
            unschedule("test.followed", key="later")

    say("k", 1)
    drain()
    assert Scheduled.objects.count() == 1
    say("j", 2)
    drain()
    with transaction.atomic():
        publish(Followed(n=2), key="later", at=soon)
    again()
    drain()
    assert [row.payload["n"] for row in Scheduled.objects.all()] == [2]
    assert Intervention.objects.latest("id").payload == {"published test.followed": 1}


def test_publishing_says_the_same_id_when_it_is_muted(effects: Effects, say: Any) -> None:
    said = []

    @subscribe("test.happened", subscriber="a", replay=True)
    def answer(view: Number, envelope: Envelope) -> None:
        said.append(publish(Followed(n=view.n), key=envelope.key))

    say("k", 1)
    drain()
    again()
    drain()
    assert said[0] == said[1]


@pytest.mark.parametrize("how", ["stern", "unknown", "under way", "merging", "calling"])
def test_a_replay_that_cannot_be_is_refused_and_changes_nothing(
    effects: Effects, say: Any, how: str
) -> None:
    projecting(effects)
    say("k", 1)
    drain()
    name = "a"
    if how == "stern":
        noting(effects, "a", "test.followed")
    elif how == "unknown":
        name = "nobody"
    elif how == "under way":
        Rebuild.objects.create(cursor=Cursor.objects.get(), pos=0, started_at=timezone.now())
    elif how == "merging":
        Cursor.objects.update(stop_at=10**9)
    else:
        event = Event.objects.filter(name="test.happened").get()
        Parked.objects.create(
            subscriber="a", position=event.pk, state="calling", next_at=timezone.now() + LATER,
            parked_at=timezone.now(), **{
                field: getattr(event, field)
                for field in ("event_id", "name", "version", "source", "key", "shard", "payload",
                              "headers", "occurred_at")
            },
        )  # fmt: skip
    before = Cursor.objects.values().get()
    with pytest.raises(CannotReplay):
        replay(name, "beginning", by="ops")
    assert Cursor.objects.values().get() == before
    assert effects.of("a") == [1]
    assert Intervention.objects.count() == 0
    assert not Parked.objects.filter(state="owed").exists()


def test_a_forget_that_fails_changes_nothing(effects: Effects, say: Any) -> None:
    def forget() -> None:
        raise RuntimeError("no")

    @subscribe("test.happened", subscriber="a", replay=forget)
    def project(view: Number) -> None:
        effects.note("a", "k", view.n)

    say("k", 1)
    drain()
    with pytest.raises(RuntimeError):
        again()
    assert drain() == 0
    assert not Rebuild.objects.exists()


def test_one_forget_for_several_handlers_is_called_once(effects: Effects) -> None:
    calls = []

    @subscribe("test.happened", "test.followed", subscriber="a", replay=lambda: calls.append(1))
    def project(view: Number) -> None: ...

    drain()
    again()
    assert calls == [1]


def test_a_paused_subscriber_is_rebuilt_when_it_goes_on(effects: Effects, say: Any) -> None:
    projecting(effects)
    say("k", 1)
    drain()
    Cursor.objects.update(paused=True)
    again()
    assert drain() == 0
    Cursor.objects.update(paused=False)
    drain()
    assert effects.of("a") == [1]
    assert answers() == [1]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(effects: Effects, say: Any) -> None:
    broken = {2}
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2)
    say("j", 7, 8, 9)
    drain()
    broken.add(8)
    rows = list(Cursor.objects.values()), list(Parked.objects.order_by("id").values())
    trial = dry_run("a", "beginning")
    assert (trial.events, trial.waiting, trial.calls) == (2, 1, 0)
    assert trial.muted == {"published test.followed": 2}
    assert trial.failures == [
        f"test.happened {key}: eventbus.errors.Reject: {Reject('broken')}" for key in ("k", "j")
    ]
    assert rows == (list(Cursor.objects.values()), list(Parked.objects.order_by("id").values()))
    assert effects.of("a") == [1, 7, 8, 9]
    assert answers() == [1, 7, 8, 9]
    assert Intervention.objects.count() == Rebuild.objects.count() == 0
    assert drain() == 0


def test_a_dry_run_of_a_paused_subscriber_ends(effects: Effects, say: Any) -> None:
    projecting(effects)
    say("k", 1)
    drain()
    Cursor.objects.update(paused=True)
    assert dry_run("a", "beginning").events == 1
    assert Cursor.objects.get().paused


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
