"""How a worker reads several cursors: together while all goes well, apart when one spoils it."""

from typing import Any

import pytest
from django.db import OperationalError, connection

from eventbus import Envelope, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.models import Cursor, Parked
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.statements import recorded
from eventbus.tests.test_delivery import noting
from eventbus.worker import Worker


@pytest.fixture
def transactions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Whose batches shared each transaction that several could have."""
    shared: list[tuple[str, ...]] = []

    def note(bus: Any, batches: Any) -> Any:
        shared.append(tuple(sorted(batch.subscriber.name for batch in batches)))
        return run_together(bus, batches)

    from eventbus.reading import run_together

    monkeypatch.setattr("eventbus.reading.run_together", note)
    return shared


def a_worker() -> Worker:
    """One that has been here for a while, and knows only the subscribers of the test."""
    ensure_cursors()
    worker = Worker()
    worker.reader.calm = set(Cursor.objects.values_list("pk", flat=True))
    worker.reader.caught_up_at = float("inf")
    return worker


def test_what_several_subscribers_read_is_one_commit(
    effects: Effects, say: Any, transactions: list[tuple[str, ...]]
) -> None:
    for name in "abc":
        noting(effects, name)
    say("k", 1, 2)
    a_worker().step()
    assert transactions == [("a", "b", "c")]
    assert effects.of("a") == effects.of("b") == effects.of("c") == [1, 2]


def test_an_event_that_somebody_has_spaced_out_by_hand_is_read(effects: Effects, say: Any) -> None:
    """SQLite keeps the text as it is given."""
    noting(effects, "a")
    say("k", 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE eventbus_event SET payload = %s", ['\n { "n" : 3 } \n'])
    a_worker().step()
    assert effects.of("a") == [3]


def test_who_fails_is_read_apart_and_the_others_go_on_together(
    effects: Effects, say: Any, transactions: list[tuple[str, ...]]
) -> None:
    @subscribe("test.happened", subscriber="bad")
    def fail(view: Number, envelope: Envelope) -> None:
        if view.n == 1:
            raise ValueError("no")
        effects.note("bad", envelope.key, view.n)

    for name in "ab":
        noting(effects, name)
    say("k", 1)
    say("l", 2)
    worker = a_worker()
    while worker.step():
        pass
    assert effects.of("a") == effects.of("b") == [1, 2]
    assert effects.of("bad") == [2]
    assert Parked.objects.get().subscriber == "bad"
    say("l", 3)
    worker.step()
    assert transactions == [("a", "b", "bad"), ("a", "b")]
    assert effects.of("bad") == [2, 3]
    assert effects.of("a") == [1, 2, 3]


def test_a_deadlock_together_leaves_everybody_apart_for_a_while(
    effects: Effects, say: Any, transactions: list[tuple[str, ...]]
) -> None:
    errors = [OperationalError("database is locked")]

    @subscribe("test.happened", subscriber="locked")
    def fail(view: Number, envelope: Envelope) -> None:
        if errors:
            raise errors.pop()
        effects.note("locked", envelope.key, view.n)

    noting(effects, "a")
    say("k", 1)
    worker = a_worker()
    worker.step()
    assert effects.of("a") == effects.of("locked") == [1]
    assert transactions == [("a", "locked")]
    assert not Parked.objects.exists()


def test_a_batch_that_was_not_come_to_keeps_its_size(
    effects: Effects, say: Any, settings: Any
) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "batch_seconds": 0}
    for name in "abc":
        noting(effects, name)
    say("k", *range(6))
    worker = a_worker()
    worker.step()
    assert sorted(len(effects.of(name)) for name in "abc") == [0, 0, 1]
    assert set(worker.reader.limits.values()) == {1}
    while worker.step():
        pass
    assert effects.of("a") == effects.of("b") == effects.of("c") == [0, 1, 2, 3, 4, 5]


@pytest.mark.engine("postgresql")
def test_what_is_asked_of_several_cursors_is_asked_once(
    effects: Effects, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round trip for each would be most of the time that an event takes."""
    for module in ("worker", "reading"):  # what is done now and then may come due meanwhile
        monkeypatch.setattr(f"eventbus.{module}.LAG_SECONDS", float("inf"))
    for name in ("a", "b", "c"):
        noting(effects, name)
    ensure_cursors()
    worker = Worker()
    say("k", 1)
    while worker.step():
        pass
    say("k", 2)
    with recorded() as statements:
        assert worker.step() == 3
    texts = "FOR UPDATE SKIP LOCKED", "FROM eventbus_event e", "UPDATE eventbus_cursor"
    asked = [sum(text in sql for sql in statements) for text in texts]
    assert asked[0] == asked[2] == 1
    assert len(statements) == 9  # three to look, three handlers, and these
