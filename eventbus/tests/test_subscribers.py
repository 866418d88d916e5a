"""Subscribers that are new, renamed or gone."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from eventbus import Reject, operating, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.errors import NotFound, Refused
from eventbus.models import Cursor, Event, Intervention, Parked, PausedKey
from eventbus.positions import NoSuchPlace
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.test_delivery import failing, noting

WHO = {"by": "ada", "reason": "the context was closed"}


def gone(effects: Effects, say: Any) -> None:
    """A subscriber "a" with a dead letter and a paused key, which the code has no more."""
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1, 2)
    say("j", 3)
    drain()
    operating.pause_key("a", "test", "j", by="ada")
    subscribers.clear()


def left(subscriber: str) -> tuple[int, int, int]:
    """Its cursors, parked events and paused keys."""
    models = (Cursor, Parked, PausedKey)
    return tuple(model.objects.filter(subscriber=subscriber).count() for model in models)  # type: ignore[return-value]


def test_a_subscriber_that_is_gone_can_be_seen_and_dropped(effects: Effects, say: Any) -> None:
    gone(effects, say)
    rows = [row for row in operating.status() if row.subscriber == "a"]
    assert [(row.state, row.parked_events, row.dead) for row in rows] == [("not here", 2, 1)]
    assert [letter["subscriber"] for letter in operating.dead_letters()] == ["a"]
    with pytest.raises(Refused, match="a has 2 parked events"):
        operating.drop("a", **WHO)
    assert left("a") == (1, 2, 1)
    assert operating.drop("a", **WHO, force=True) == 2
    assert left("a") == (0, 0, 0)
    assert Intervention.objects.latest("id").act == "drop"
    assert effects.of("a") == [3]


def test_without_parked_events_no_force_is_needed(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    subscribers.clear()
    assert operating.drop("a", **WHO) == 0
    assert left("a") == (0, 0, 0)


def test_dead_letters_without_a_cursor_can_be_seen_and_dropped(effects: Effects, say: Any) -> None:
    gone(effects, say)
    Cursor.objects.all().delete()
    rows = [row for row in operating.status() if row.subscriber == "a"]
    assert [(row.lo, row.hi, row.state, row.parked_keys) for row in rows] == [
        (0, 256, "not here", 1)
    ]
    assert operating.drop("a", **WHO, force=True) == 2


def test_what_the_code_has_is_not_dropped(effects: Effects) -> None:
    noting(effects, "a")
    ensure_cursors()
    with pytest.raises(Refused, match="the code still has a"):
        operating.drop("a", **WHO, force=True)
    with pytest.raises(NotFound, match="nobody"):
        operating.drop("nobody", **WHO)
    with pytest.raises(Refused, match="reason"):
        operating.drop("nobody", by="ada", reason="")
    assert left("a") == (1, 0, 0)
    assert Intervention.objects.count() == 0


def test_a_renamed_subscriber_goes_on_where_it_stood(effects: Effects, say: Any) -> None:
    gone(effects, say)
    letter = Parked.objects.get(state="dead")
    before = Cursor.objects.get(subscriber="a")
    noting(effects, "b")
    ensure_cursors()  # as the migration does
    operating.rename("a", "b", by="ada")
    after = Cursor.objects.get(subscriber="b")
    assert (after.pk, after.tick, after.pos) == (before.pk, before.tick, before.pos)
    assert left("a") == (0, 0, 0)
    assert left("b") == (1, 2, 1)
    noted = Intervention.objects.order_by("id").values_list("act", "subscriber", "reason")
    assert list(noted) == [("pause", "b", ""), ("rename", "b", "was a")]
    operating.retry_dead([letter.pk])
    say("k", 4)
    drain()
    assert effects.of("b") == [1, 2, 4]


def test_what_has_begun_to_read_is_not_replaced(effects: Effects, say: Any) -> None:
    gone(effects, say)
    noting(effects, "b")
    drain()
    with pytest.raises(Refused, match="b has begun to read"):
        operating.rename("a", "b", by="ada")
    assert (left("a"), left("b")) == ((1, 2, 1), (1, 0, 0))


def test_no_rename_of_what_is_here_or_nowhere_or_calling(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    ensure_cursors()
    with pytest.raises(Refused, match="the code still has a"):
        operating.rename("a", "b", by="ada")
    with pytest.raises(NotFound, match="nobody"):
        operating.rename("nobody", "b", by="ada")
    subscribers.clear()
    with pytest.raises(Refused, match="that name"):
        operating.rename("a", "a", by="ada")
    gone(effects, say)
    Parked.objects.filter(state="dead").update(state="calling")
    with pytest.raises(Refused, match="under way"):
        operating.rename("a", "b", by="ada")
    assert left("a") == (1, 2, 1)


def test_new_names_with_something_parked_are_not_overrun(effects: Effects, say: Any) -> None:
    gone(effects, say)
    noting(effects, "b")
    ensure_cursors()
    operating.pause_key("b", "test", "k", by="ada")
    with pytest.raises(Refused, match="b has parked events or paused keys"):
        operating.rename("a", "b", by="ada")
    assert left("a") == (1, 2, 1)


def test_a_handler_can_ask_to_start_now(effects: Effects, say: Any) -> None:
    say("k", 1)

    @subscribe("test.happened", subscriber="fresh", start="now")
    def note(view: Number) -> None:
        effects.note("fresh", "k", view.n)

    subscribe("test.followed", subscriber="fresh")(note)  # one of its handlers is enough
    noting(effects, "b")
    drain()
    say("k", 2)
    drain()
    assert (effects.of("fresh"), effects.of("b")) == ([2], [1, 2])


def places(first: Event, second: Event) -> dict[str, Any]:
    return {
        "beginning": "beginning",
        "now": "now",
        "second event": second.event_id,
        "an hour ago": timezone.now() - timedelta(hours=1),
    }


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("beginning", [1, 2, 3]),
        ("now", [3]),
        ("second event", [2, 3]),
        ("an hour ago", [1, 2, 3]),
    ],
)
def test_a_new_subscriber_starts_where_it_is_told(
    effects: Effects, say: Any, place: str, expected: list[int]
) -> None:
    say("k", 1)
    reader(effects)
    say("k", 2)
    noting(effects, "a")
    ensure_cursors()
    operating.start("a", places(*Event.objects.order_by("id"))[place], by="ada")
    say("k", 3)
    drain()
    assert effects.of("a") == expected
    assert Intervention.objects.get().act == "start"


def reader(effects: Effects) -> None:
    """Somebody who has read by now, so that there is a tick between the events."""
    noting(effects, "r")
    drain()


def test_the_last_start_counts_until_something_is_read(effects: Effects, say: Any) -> None:
    say("k", 1)
    noting(effects, "a")
    ensure_cursors()
    operating.start("a", "now", by="ada")
    operating.start("a", "beginning", by="ada")
    drain()
    assert effects.of("a") == [1]
    with pytest.raises(Refused, match="a has begun to read"):
        operating.start("a", "now", by="ada")
    say("k", 2)
    drain()
    assert effects.of("a") == [1, 2]


def test_no_such_place_to_start(effects: Effects) -> None:
    noting(effects, "a")
    ensure_cursors()
    for where in (uuid4(), datetime(2026, 1, 1), "tomorrow"):  # noqa: DTZ001  (without a zone)
        with pytest.raises(NoSuchPlace):
            operating.start("a", where, by="ada")  # type: ignore[arg-type]
    with pytest.raises(NotFound, match="nobody"):
        operating.start("nobody", datetime(2026, 1, 1, tzinfo=UTC), by="ada")
    assert Intervention.objects.count() == 0
