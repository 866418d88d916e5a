"""What an operator sees: nothing is changed, nothing is locked."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from eventbus import Reject, operating, publish
from eventbus.cursors import ensure_cursors
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.errors import NotFound
from eventbus.models import Cursor, Event, Parked, Rebuild
from eventbus.operating import overview
from eventbus.operating.overview import Range
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened
from eventbus.tests.test_delivery import failing, noting
from eventbus.tests.test_visibility import another_connection, run


def status_of(subscriber: str) -> list[Range]:
    return [row for row in operating.status() if row.subscriber == subscriber]


def test_unread_events_are_counted_up_to_a_bound(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "COUNTED", 3)
    noting(effects, "a")
    say("k", 1)
    drain()
    assert [(row.behind, row.oldest_seconds) for row in status_of("a")] == [(0, None)]
    say("k", 2, 3)
    assert [row.behind for row in status_of("a")] == [2]
    say("k", 4, 5)
    assert [row.behind for row in status_of("a")] == [3]


def test_the_oldest_unread_event_says_how_long_the_subscriber_is_behind(
    effects: Effects, say: Any
) -> None:
    noting(effects, "a")
    drain()
    say("k", 1)
    Event.objects.update(occurred_at=timezone.now() - timedelta(hours=2))
    (row,) = status_of("a")
    assert row.oldest_seconds is not None
    assert 7200 <= row.oldest_seconds < 7300


def test_what_is_parked_is_told_by_range(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k1", 1, 2, 3)  # of a shard above 128
    drain()
    operating.split("a", into=2, by="ada")
    counts = [(row.parked_keys, row.parked_events, row.dead) for row in status_of("a")]
    assert counts == [(0, 0, 0), (1, 3, 1)]
    Parked.objects.filter(state="waiting").update(state="owed")
    assert [row.parked_events for row in status_of("a")] == [0, 1]
    operating.pause_key("a", "test", "k1", by="ada")
    assert [row.paused_keys for row in status_of("a")] == [0, 1]


def test_the_state_of_a_range(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    ensure_cursors()
    mine = Cursor.objects.filter(subscriber="a")
    assert [row.state for row in status_of("a")] == ["running"]
    mine.update(careful_until=7)
    assert [row.state for row in status_of("a")] == ["careful"]
    mine.update(stop_at=9)
    assert [row.state for row in status_of("a")] == ["merging"]
    Rebuild.objects.create(cursor=mine.get(), pos=0, started_at=timezone.now())
    assert [row.state for row in status_of("a")] == ["rebuilding"]
    operating.pause("a", by="ada")
    assert [row.state for row in status_of("a")] == ["paused"]
    subscribers.clear()
    assert [row.state for row in status_of("a")] == ["not here"]


@pytest.mark.engine("postgresql")
def test_status_waits_for_no_lock(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say("k", 1)
    drain()
    with another_connection() as worker:
        run(worker, "BEGIN", "SELECT 1 FROM eventbus_cursor FOR UPDATE")
        assert [row.behind for row in status_of("a")] == [0]


def test_everything_known_about_an_event(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    noting(effects, "b")
    noting(effects, "deaf", "test.followed")
    say("k", 1)
    drain()
    noting(effects, "new")
    ensure_cursors()
    event = Event.objects.get()
    letter = Parked.objects.get()
    known = operating.show(str(event.event_id))
    assert (known["id"], known["name"], known["key"]) == (event.pk, "test.happened", "k")
    assert known["headers"] == event.headers
    assert "payload" not in known
    outcomes = {row["subscriber"]: row["state"] for row in known["subscribers"]}
    assert outcomes == {
        "a": "a dead letter: needs a person",
        "b": "past it",
        "new": "yet to come to it",
    }
    assert known["subscribers"][0]["parked"] == letter.pk
    assert known["subscribers"][0]["error"].endswith("broken")
    operating.skip(letter.pk, by="ada", reason="spam")
    known = operating.show(str(event.pk), payload=True)
    assert known["payload"] == {"n": 1}
    assert known["subscribers"][0]["state"] == "skipped"
    assert [(row["act"], row["reason"]) for row in known["interventions"]] == [("skip", "spam")]


def test_an_event_on_its_way_is_read_up_to_its_place(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    say("k", 1, 2)
    engine().refresh()
    run_batch(engine(), subscribers["a"], Cursor.objects.get(subscriber="a").pk, limit=1)
    states = [
        operating.show(str(event.pk))["subscribers"][0]["state"]
        for event in Event.objects.order_by("id")
    ]
    assert states == ["past it", "yet to come to it"]


def test_what_the_log_has_no_more_or_not_yet_is_found(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    say("k", 1)
    drain()
    Event.objects.all().delete()
    assert operating.show(str(Parked.objects.get().event_id))["key"] == "k"
    due_at = timezone.now() + timedelta(days=1)
    with transaction.atomic():
        later = publish(Happened(n=2), key="j", at=due_at)
    known = operating.show(str(later))
    assert (known["id"], known["due_at"], known["subscribers"]) == (None, due_at, [])


@pytest.mark.parametrize(
    "reference", ["999999", "what", "", "0197a000-0000-7000-8000-000000000000", "-1"]
)
def test_there_is_no_such_event(effects: Effects, reference: str) -> None:
    with pytest.raises(NotFound):
        operating.show(reference)


def test_history_is_the_newest_first_and_can_be_narrowed(effects: Effects, say: Any) -> None:
    failing(effects, "a", *[Reject("broken")] * 2, on=1)
    noting(effects, "b")
    say("k", 1)
    drain()
    letter = Parked.objects.get()
    operating.pause("b", by="ada", reason="lunch")
    operating.edit(letter.pk, payload={"n": 5}, by="ben", reason="typo")
    assert [(row["act"], row["by"], row["reason"]) for row in operating.history()] == [
        ("edit", "ben", "typo"),
        ("pause", "ada", "lunch"),
    ]
    assert [row["act"] for row in operating.history(subscriber="b")] == ["pause"]
    assert [row["act"] for row in operating.history(event_id=letter.event_id)] == ["edit"]
    assert [row["act"] for row in operating.history(count=1)] == ["edit"]
    assert not any("payload" in row for row in operating.history())
