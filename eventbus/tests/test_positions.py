"""Places in the log: nothing from there on is missed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Tick
from eventbus.positions import NoSuchPlace, Where, place, position_at
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run


def heard_from(effects: Effects, where: Where) -> list[int]:
    """What a subscriber hears whose cursor begins there."""
    tick, pos = position_at(engine(), where)
    noting(effects, "new")
    ensure_cursors()
    Cursor.objects.filter(subscriber="new").update(tick=tick, pos=pos)
    drain()
    return effects.of("new")


def say_apart(say: Any, *numbers: int) -> None:
    """Each with a tick of its own."""
    for n in numbers:
        say("k", n)
        engine().refresh()


def test_the_beginning_is_before_everything(effects: Effects, say: Any) -> None:
    say_apart(say, 1, 2)
    assert position_at(engine(), "beginning") == (None, 0)
    assert heard_from(effects, "beginning") == [1, 2]


def test_now_is_behind_everything_committed(effects: Effects, say: Any) -> None:
    say("k", 1, 2)
    where = position_at(engine(), "now")
    say("k", 3)
    noting(effects, "new")
    ensure_cursors()
    Cursor.objects.filter(subscriber="new").update(tick=where[0], pos=where[1])
    drain()
    assert effects.of("new") == [3]


def test_an_event_is_the_first_to_be_heard(effects: Effects, say: Any) -> None:
    say_apart(say, 1, 2, 3)
    second = Event.objects.order_by("id")[1]
    assert heard_from(effects, second.event_id) == [2, 3]


def test_the_first_event_is_the_beginning(effects: Effects, say: Any) -> None:
    say_apart(say, 1, 2)
    first = Event.objects.order_by("id")[0]
    assert heard_from(effects, first.event_id) == [1, 2]


def test_a_time_is_before_what_happened_from_then_on(effects: Effects, say: Any) -> None:
    say_apart(say, 1, 2, 3)
    hour = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    for n, event in enumerate(Event.objects.order_by("id")):
        Event.objects.filter(pk=event.pk).update(occurred_at=hour + timedelta(hours=n))
    for n, tick in enumerate(Tick.objects.order_by("id")):
        Tick.objects.filter(pk=tick.pk).update(created_at=hour + timedelta(hours=n, minutes=1))
    assert heard_from(effects, hour + timedelta(minutes=30)) == [2, 3]


def test_a_time_before_and_after_all(effects: Effects, say: Any) -> None:
    say_apart(say, 1)
    bus, day = engine(), timedelta(days=1)
    assert position_at(bus, bus.clock() + day) == position_at(bus, "now")
    assert heard_from(effects, bus.clock() - day) == [1]


def test_an_empty_log_has_every_place_but_an_event(effects: Effects) -> None:
    bus = engine()
    assert position_at(bus, "now") == position_at(bus, bus.clock()) == (None, 0)
    with pytest.raises(NoSuchPlace, match="No event"):
        position_at(bus, uuid4())


@pytest.mark.django_db
def test_places_exist_inside_a_tests_own_transaction(say: Any) -> None:
    say("k", 1, 2)
    with engine().reading_by_id():
        second = Event.objects.latest("id")
        assert position_at(engine(), "now") == (None, second.pk)
        assert position_at(engine(), second.event_id) == (None, second.pk - 1)


@pytest.mark.parametrize("text", ["", "yesterday", "7", "2026-13-01"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(NoSuchPlace, match="no place"):
        place(text)


@pytest.mark.django_db
def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(NoSuchPlace, match="no zone"):
        position_at(engine(), place("2026-01-01 00:00"))


def test_what_an_operator_writes_is_read() -> None:
    event_id = uuid4()
    time = "2026-01-01T00:00:00+00:00"
    assert [place(text) for text in ("now", str(event_id), time)] == [
        "now", event_id, datetime.fromisoformat(time),
    ]  # fmt: skip


@on_postgresql
def test_an_event_that_was_committed_late_is_heard_from_itself(effects: Effects, say: Any) -> None:
    """Its id is lower than that of events which every tick has seen long ago."""
    with another_connection() as slow:
        run(slow, "BEGIN", insert(1))
        say_apart(say, 2, 3)
        run(slow, "COMMIT")
    engine().refresh()
    late = Event.objects.order_by("id")[0]
    assert heard_from(effects, late.event_id) == [1]
