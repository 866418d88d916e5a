"""What a rebuild keeps from happening, when it is refused, and what a dry run says."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from eventbus import Envelope, Reject, publish, subscribe, unschedule
from eventbus.models import Cursor, Event, Intervention, Parked, Rebuild, Scheduled
from eventbus.operating import retry_dead
from eventbus.replay import CannotReplay, dry_run, replay
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Number, number
from eventbus.tests.test_delivery import LATER, noting
from eventbus.tests.test_replay import (
    again,
    answers,
    projecting,
)


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
            unschedule("test.followed", "later")

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


def test_a_dry_run_says_what_would_happen_and_changes_nothing(
    effects: Effects, say: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {2}
    projecting(effects, fails=lambda n: n in broken)
    say("k", 1, 2)
    say("j", 7, 8, 9)
    drain()
    broken.add(8)
    rows = list(Cursor.objects.values()), list(Parked.objects.order_by("id").values())
    counted, _ = number("batch_size_count", subscriber="a"), caplog.clear()
    trial = dry_run("a", "beginning")
    assert number("batch_size_count", subscriber="a") == counted
    assert [each for each in caplog.records if each.name == "eventbus.parking"] == []
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
