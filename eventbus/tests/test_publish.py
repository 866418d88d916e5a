"""An event is published if and only if the transaction that published it committed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from eventbus import NotInTransaction, event, publish, subscribe, unschedule
from eventbus.errors import NotAnEvent
from eventbus.models import Event, Scheduled
from eventbus.testing import drain, published
from eventbus.tests.conftest import Effects, Followed, Happened, Number


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_published() -> None:
    with pytest.raises(NotInTransaction, match="atomic"):
        publish(Happened(n=1), key="k")
    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_publishes_nothing() -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        publish(Happened(n=1), key="k")
        raise RuntimeError
    assert Event.objects.count() == 0


@pytest.mark.django_db
def test_the_log_says_what_happened() -> None:
    event_id = publish(Happened(n=7), key=42)
    row = Event.objects.get()
    assert (row.event_id, row.name, row.version, row.source, row.key) == (
        event_id,
        "test.happened",
        1,
        "test",
        "42",
    )
    assert row.payload == {"n": 7}
    assert row.headers["correlation_id"] == str(event_id)
    assert "causation_id" not in row.headers
    assert row.event_id.version == 7


@pytest.mark.django_db
@pytest.mark.parametrize("wrong", ["1", 1.0, True, None])
def test_a_mistyped_field_is_refused_where_it_is_published(wrong: object) -> None:
    with pytest.raises(TypeError):
        publish(Happened(n=wrong), key="k")  # type: ignore[arg-type]
    assert Event.objects.count() == 0


@event("test.said", version=1, private=True)
class Said:
    """Something in words."""

    words: str


@pytest.mark.django_db
@pytest.mark.parametrize("words", ["a\0b", "\ud800"])
def test_a_text_that_not_every_database_holds_is_refused(words: str) -> None:
    """SQLite would take it; PostgreSQL would break the caller's transaction."""
    with transaction.atomic():
        with pytest.raises(ValueError, match=r"NUL|surrogates"):
            publish(Said(words=words), key="k")
        publish(Said(words="a\n\tb\u200b é"), key="k")
    assert [event.payload["words"] for event in Event.objects.all()] == ["a\n\tb\u200b é"]


@event("test.noted", version=1, private=True, subject="who")
class Noted:
    """Something about somebody."""

    who: str | None


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["u" * 129, "u\0"])
def test_a_subject_that_not_every_database_holds_is_refused(who: str) -> None:
    with transaction.atomic():
        with pytest.raises(ValueError, match=r"subject|NUL"):
            publish(Noted(who=who), key="k")
        publish(Noted(who="u" * 128), key="k")
        publish(Noted(who=None), key="k")
    assert [row.subject for row in Event.objects.order_by("id")] == ["u" * 128, ""]


@pytest.mark.django_db
def test_only_events_can_be_published() -> None:
    with pytest.raises(NotAnEvent):
        publish(Number(n=1), key="k")


def test_what_a_handler_publishes_names_its_cause(effects: Effects) -> None:
    @subscribe("test.happened", subscriber="x")
    def follow(view: Number) -> None:
        publish(Followed(n=view.n), key="k")
        publish(Followed(n=view.n + 1), key="k")

    with transaction.atomic():
        cause = publish(Happened(n=1), key="k")
    drain()
    first, second = Event.objects.filter(name="test.followed").order_by("id")
    for effect in (first, second):
        assert effect.headers["correlation_id"] == effect.headers["causation_id"] == str(cause)
    assert first.event_id != second.event_id
    assert first.event_id.version == 8


def test_an_event_id_is_the_same_when_its_handler_runs_again(effects: Effects) -> None:
    """So a rerun can never publish twice: the log's event_id is unique."""
    runs = []

    @subscribe("test.happened", subscriber="x")
    def follow(view: Number) -> None:
        runs.append(publish(Followed(n=view.n), key="k"))
        if len(runs) == 1:
            raise ValueError("the first run is rolled back")

    with transaction.atomic():
        publish(Happened(n=1), key="k")
    drain()
    assert len(runs) == 2
    assert runs[0] == runs[1]
    assert published("test.followed") == [{"n": 1}]


@pytest.mark.django_db
def test_a_scheduled_event_waits_for_its_time() -> None:
    seen = []

    @subscribe("test.happened", subscriber="x")
    def note(view: Number) -> None:
        seen.append(view.n)

    due = timezone.now() + timedelta(minutes=30)
    publish(Happened(n=1), key="k", at=due)
    assert drain() == 0
    assert drain(now=due - timedelta(seconds=1)) == 0
    assert drain(now=due) == 2  # promoted, then handled
    assert seen == [1]
    assert Scheduled.objects.count() == 0


@pytest.mark.django_db
def test_an_unscheduled_event_never_comes() -> None:
    due = datetime(2030, 1, 1, tzinfo=UTC)
    publish(Happened(n=1), key="a", at=due)
    publish(Happened(n=2), key="b", at=due)
    publish(Happened(n=3), key="c", at=due)
    assert unschedule("test.happened", "a") == 1
    assert unschedule("test.happened", "a", "c", "z") == 1
    assert unschedule("test.happened") == 0
    drain(now=due)
    assert published("test.happened") == [{"n": 2}]
