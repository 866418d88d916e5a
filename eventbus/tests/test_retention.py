"""The log forgets what everybody has read and is old, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from eventbus import Reject
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Intervention, Parked, Tick
from eventbus.operating import retry_dead
from eventbus.retention import Blocker, blocked_by, forget_edits, prunable, prune, tidy_ticks
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import failing, noting
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run

WEEK, DAY = timedelta(days=7), timedelta(days=1)


def age(days: int, *numbers: int) -> None:
    """Let the events with these numbers have happened so many days earlier."""
    for event in Event.objects.all():
        if event.payload["n"] in numbers:
            earlier = event.occurred_at - days * DAY
            Event.objects.filter(pk=event.pk).update(occurred_at=earlier)


def kept() -> list[int]:
    return [event.payload["n"] for event in Event.objects.order_by("id")]


def test_what_everybody_has_read_and_is_old_goes(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    noting(effects, "b", "test.followed")
    say("k", 1, 2, 3)
    drain()
    Cursor.objects.update(**_end())
    age(8, 1, 2)
    assert prunable(WEEK) == 2
    assert prune(WEEK) == 2
    assert kept() == [3]
    assert prune(WEEK) == 0


def _end() -> dict[str, Any]:
    """Where idle cursors arrive sooner or later."""
    tick, pos = engine().end()
    return {"tick": tick, "pos": pos}


def test_nothing_goes_that_somebody_has_yet_to_read(effects: Effects, say: Any) -> None:
    """Even if its code is not here: nobody knows that it never comes back."""
    noting(effects, "a")
    say("k", 1)
    drain()
    absent = Cursor.objects.create(subscriber="absent", lo=0, hi=256, **_end())
    say("k", 2)
    drain()
    age(8, 1, 2)
    assert prune(WEEK) == 1
    assert kept() == [2]
    absent.delete()
    assert prune(WEEK) == 1


def test_a_subscriber_that_has_not_begun_keeps_everything(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    Cursor.objects.create(subscriber="new", lo=0, hi=256)
    age(8, 1)
    assert (prunable(WEEK), prune(WEEK)) == (0, 0)


def test_without_cursors_nothing_goes(effects: Effects, say: Any) -> None:
    say("k", 1)
    engine().refresh()
    age(8, 1)
    assert prune(WEEK) == 0


def test_a_dead_letter_outlives_its_event_in_the_log(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2)
    drain()
    age(8, 1, 2)
    assert prune(WEEK) == 2
    retry_dead(None)
    drain()
    assert effects.of("a") == [1, 2]


def test_a_limit_and_small_transactions(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventbus.retention.AT_ONCE", 2)
    noting(effects, "a")
    say("k", *range(7))
    drain()
    age(8, *range(7))
    assert prune(WEEK, limit=3) == 3
    assert kept() == [3, 4, 5, 6]
    assert prune(WEEK) == 4


def test_a_negative_age_is_refused(effects: Effects) -> None:
    with pytest.raises(ValueError, match="negative"):
        prune(-DAY)


def test_ids_are_never_used_again(effects: Effects, say: Any) -> None:
    """Or a cursor would stand behind events that are yet to come."""
    noting(effects, "a")
    say("k", 1)
    drain()
    age(8, 1)
    prune(WEEK)
    say("k", 2)
    drain()
    assert effects.of("a") == [1, 2]


@on_postgresql
def test_an_old_event_that_is_committed_late_stays_until_it_is_read(
    effects: Effects, say: Any
) -> None:
    noting(effects, "a")
    with another_connection() as slow:
        run(slow, "BEGIN", insert(1), "UPDATE eventbus_event SET occurred_at = '2020-01-01'")
        say("j", 2)
        drain()
        age(8, 2)
        assert prune(WEEK) == 1
        run(slow, "COMMIT")
    assert prune(WEEK) == 0
    drain()
    assert effects.of("a") == [2, 1]
    assert prune(WEEK) == 1


@on_postgresql
def test_a_replay_and_a_prune_take_turns(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    age(8, 1)
    with another_connection() as other:
        run(other, "BEGIN", f"SELECT pg_advisory_xact_lock({0x6275_7370})")
        assert prune(WEEK) == 0
        run(other, "COMMIT")
    assert prune(WEEK) == 1


def test_who_keeps_the_log_is_named(effects: Effects, say: Any) -> None:
    """Rows that two of them keep would stay if either caught up."""
    noting(effects, "a")
    drain()
    start = _end()
    say("k", 1)
    engine().refresh()
    middle = _end()
    say("k", 2, 3)
    drain()
    Cursor.objects.create(subscriber="slow", lo=0, hi=256, **middle)
    Cursor.objects.create(subscriber="slower", lo=0, hi=256, **start)
    age(8, 1, 2)
    first, second = Event.objects.order_by("id").values_list("occurred_at", flat=True)[:2]
    assert blocked_by(WEEK) == [
        Blocker(subscriber="slower", events=2, alone=1, since=first),
        Blocker(subscriber="slow", events=1, alone=0, since=second),
    ]
    assert blocked_by(9 * DAY) == []


def test_for_ever_means_that_nobody_is_in_the_way(
    effects: Effects, say: Any, settings: Any
) -> None:
    say("k", 1)
    Cursor.objects.create(subscriber="new", lo=0, hi=256)
    age(99, 1)
    assert [blocker.subscriber for blocker in blocked_by()] == ["new"]
    settings.EVENTBUS = {**settings.EVENTBUS, "retention_days": 0}
    assert blocked_by() == []


def test_an_edit_is_emptied_when_its_event_is_gone(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1, 2)
    drain()
    for event in Event.objects.all():
        Intervention.objects.create(
            act="edit", by="ops", event_id=event.event_id, payload={"n": 0}, at=timezone.now()
        )
    age(8, 1)
    prune(WEEK)
    assert forget_edits() == 1
    assert forget_edits() == 0
    assert list(Intervention.objects.order_by("id").values_list("payload", flat=True)) == [
        None, {"n": 0},
    ]  # fmt: skip


def test_a_parked_event_keeps_its_edits(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    age(8, 1)
    parked = Parked.objects.get()
    Intervention.objects.create(
        act="edit", by="ops", event_id=parked.event_id, payload={"n": 0}, at=timezone.now()
    )
    assert prune(WEEK) == 1
    assert forget_edits() == 0


@on_postgresql
def test_old_ticks_are_thinned_to_one_a_minute(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    for n in range(8):
        say("k", n)
        engine().refresh()
    drain()
    ticks = list(Tick.objects.order_by("id").values_list("pk", flat=True))
    assert len(ticks) == 8
    hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=5)
    for n, pk in enumerate(ticks):
        Tick.objects.filter(pk=pk).update(created_at=hour + timedelta(seconds=n * 20))
    Cursor.objects.create(subscriber="slow", lo=0, hi=256, tick=ticks[0], target=ticks[3])
    assert tidy_ticks(engine()) == 3
    # The last of each minute (2, 5 and 7), and what a cursor names.
    assert list(Tick.objects.order_by("id").values_list("pk", flat=True)) == [
        ticks[0], ticks[2], ticks[3], ticks[5], ticks[7],
    ]  # fmt: skip


@on_postgresql
def test_of_the_ticks_before_the_log_one_stays(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    for n in range(5):
        say("k", n)
        engine().refresh()
    drain()
    ticks = list(Tick.objects.order_by("id").values_list("pk", flat=True))
    for n, pk in enumerate(ticks):
        Tick.objects.filter(pk=pk).update(created_at=timezone.now() - DAY + timedelta(hours=n))
    age(8, 0, 1, 2)
    prune(WEEK)
    assert tidy_ticks(engine()) == 2
    left = list(Tick.objects.order_by("id").values_list("pk", flat=True))
    assert left == ticks[2:]  # ticks[2] has seen the last that went, and nothing that is left
    fourth = Event.objects.order_by("id")[0]
    assert engine().before_event(fourth.event_id) == (ticks[2], 0)


@on_postgresql
def test_young_ticks_stay(effects: Effects, say: Any) -> None:
    """A batch may work towards one that no cursor names yet."""
    noting(effects, "a")
    for n in range(3):
        say("k", n)
        engine().refresh()
    drain()
    assert tidy_ticks(engine()) == 0
    assert Tick.objects.count() == 3


@pytest.mark.engine("sqlite")
def test_sqlite_has_no_ticks_to_thin(effects: Effects) -> None:
    assert connection.vendor == "sqlite"
    assert tidy_ticks(engine()) == 0
