"""What a batch's handlers publish is written at once, and is what it would be written one by one."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventbus import Envelope, Personal, erase, event, publish, subscribe, unschedule
from eventbus.engines import engine
from eventbus.errors import NotAnEvent
from eventbus.models import Body, Event, Parked, Scheduled
from eventbus.testing import drain, published, redeliver
from eventbus.tests.conftest import Effects, Followed, Happened, Number
from eventbus.tests.statements import recorded
from eventbus.writing import together

DUE = datetime(2030, 1, 1, tzinfo=UTC)


class ChangedItsMind(Exception):
    """The handler rolls back to a savepoint."""


def answering_in_batches() -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for view, envelope in zip(views, envelopes, strict=True):
            publish(Followed(n=view.n), key=envelope.key)
            publish(Followed(n=100 + view.n), key=envelope.key)


def answering_one_by_one() -> None:
    @subscribe("test.happened", subscriber="a")
    def answer(view: Number, envelope: Envelope) -> None:
        publish(Followed(n=view.n), key=envelope.key)
        publish(Followed(n=100 + view.n), key=envelope.key)


def inserts(statements: list[str]) -> int:
    return sum(statement.startswith("INSERT INTO eventbus_event ") for statement in statements)


@pytest.mark.parametrize("answering", [answering_in_batches, answering_one_by_one])
def test_what_a_batch_publishes_is_one_statement(
    effects: Effects, say: Any, answering: Any
) -> None:
    answering()
    for n in range(5):
        say(f"k{n}", n)
    with recorded() as statements:
        drain()
    assert inserts(statements) == 1
    assert [payload["n"] for payload in published("test.followed")] == [
        *(0, 100, 1, 101, 2, 102, 3, 103, 4, 104)
    ]


def test_the_events_are_the_same_as_one_by_one(effects: Effects, say: Any) -> None:
    answering_in_batches()
    for n in range(3):
        say(f"k{n}", n)
    columns = [field.name for field in Body._meta.fields if field.name != "occurred_at"]
    followed = Event.objects.filter(name="test.followed").order_by("id")
    drain()
    batched = list(followed.values(*columns))
    followed.delete()
    for cause in Event.objects.filter(name="test.happened").order_by("id"):
        redeliver(cause.name, key=cause.key, subscriber="a")  # writes them one by one
    assert list(followed.values(*columns)) == batched
    assert len(batched) == 6


def test_what_is_refused_is_refused_where_it_is_published(effects: Effects, say: Any) -> None:
    refused = []

    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for act in (
            lambda: publish(Followed(n="1"), key="k"),  # type: ignore[arg-type]
            lambda: publish(views[0], key="k"),
            lambda: publish(Followed(n=1), key=""),
        ):
            try:
                act()
            except (TypeError, NotAnEvent, ValueError) as error:
                refused.append(type(error))
        publish(Followed(n=2), key="k")

    say("k", 1)
    drain()
    assert refused == [TypeError, NotAnEvent, ValueError]
    assert published("test.followed") == [{"n": 2}]


def test_in_a_broken_transaction_nothing_can_be_published(effects: Effects, say: Any) -> None:
    refused = []

    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number]) -> None:
        with suppress(DatabaseError), transaction.atomic(savepoint=False):
            connection.cursor().execute("SELECT * FROM nowhere")
        try:
            publish(Followed(n=2), key="k")
        except transaction.TransactionManagementError as error:
            refused.append(error)

    say("k", 1)
    drain()
    assert len(refused) >= 1
    assert Parked.objects.get().state == "retrying"
    assert published("test.followed") == []


def test_of_a_handler_that_fails_nothing_is_written(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a")
    def answer(view: Number, envelope: Envelope) -> None:
        publish(Followed(n=view.n), key=envelope.key)
        if view.n == 2:
            raise ValueError(2)

    for n in range(4):
        say(f"k{n}", n)
    drain()
    assert published("test.followed") == [{"n": 0}, {"n": 1}, {"n": 3}]
    assert Parked.objects.get().payload == {"n": 2}


def test_one_whose_event_cannot_be_written_is_parked_alone(effects: Effects, say: Any) -> None:
    answering_one_by_one()
    for n in range(3):
        say(f"k{n}", n)
    bus = engine()
    append = bus.append

    def refuse(*bodies: Any) -> None:
        if any(body["payload"] == {"n": 101} for body in bodies):
            raise IntegrityError
        append(*bodies)

    with mock.patch.object(bus, "append", refuse):
        drain()
    assert {payload["n"] for payload in published("test.followed")} == {0, 100, 2, 102}
    assert Parked.objects.get().payload == {"n": 1}


def test_a_retry_writes_at_once_too(effects: Effects, say: Any) -> None:
    failures = [ValueError("in the batch"), ValueError("alone")]

    @subscribe("test.happened", subscriber="a")
    def answer(view: Number) -> None:
        if failures:
            raise failures.pop()
        publish(Followed(n=1), key="k")
        publish(Followed(n=2), key="k")

    say("k", 1)
    drain()
    with recorded() as statements:
        drain(now=timezone.now().replace(year=2040))
    assert inserts(statements) == 1
    assert published("test.followed") == [{"n": 1}, {"n": 2}]


def test_what_is_scheduled_in_a_batch_can_be_taken_back_there(effects: Effects, say: Any) -> None:
    taken = []

    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for view, envelope in zip(views, envelopes, strict=True):
            publish(Followed(n=view.n), key=envelope.key, at=DUE)
        taken.append(unschedule("test.followed", "k1"))

    for n in range(3):
        say(f"k{n}", n)
    drain()
    assert taken == [1]
    assert sorted(row.payload["n"] for row in Scheduled.objects.all()) == [0, 2]


@event("test.greeted", version=1, subject="who", private=True)
class Greeted:
    """Somebody was greeted."""

    who: str
    name: Personal[str]


def test_of_a_batch_the_erased_are_looked_up_at_once(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="a", batch=True)
    def answer(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
        for view, envelope in zip(views, envelopes, strict=True):
            publish(Greeted(who=f"u{view.n}", name="Ada"), key=envelope.key)

    erase("u1", by="ops")
    for n in range(3):
        say(f"k{n}", n)
    with recorded() as statements:
        drain()
    assert [payload["name"] for payload in published("test.greeted")] == ["Ada", "", "Ada"]
    assert sum("FROM eventbus_erased" in statement for statement in statements) == 1


def test_workers_are_told_once_of_a_batch(effects: Effects, say: Any) -> None:
    answering_in_batches()
    for n in range(3):
        say(f"k{n}", n)
    with mock.patch("eventbus.writing.announce") as announce:
        drain()
    assert announce.call_count == 1


# Savepoints -------------------------------------------------------------------------------------
Act = tuple[str, list[Any]]
ACTS = st.recursive(
    st.sampled_from(["publish", "schedule", "unschedule"]),
    lambda act: st.tuples(st.sampled_from(["keep", "undo", "undo by hand"]), st.lists(act)),
    max_leaves=12,
)


def play(acts: Sequence[Any], numbers: Any) -> None:
    """Publish, and set savepoints around it, and go back to them."""
    for act in acts:
        if act == "publish":
            publish(Happened(n=next(numbers)), key="k")
        elif act == "schedule":
            publish(Followed(n=next(numbers)), key="k", at=DUE)
        elif act == "unschedule":
            unschedule("test.followed", "k")
        elif act[0] == "undo by hand":
            place = transaction.savepoint()
            play(act[1], numbers)
            transaction.savepoint_rollback(place)
        else:
            with suppress(ChangedItsMind), transaction.atomic():
                play(act[1], numbers)
                if act[0] == "undo":
                    raise ChangedItsMind


def played(acts: Sequence[Any], *, at_once: bool) -> tuple[list[int], list[int]]:
    """What is in the log, and what is scheduled, after that."""
    with transaction.atomic():
        numbers = iter(range(1000))
        if at_once:
            with together(engine()):
                play(acts, numbers)
        else:
            play(acts, numbers)
        log, due = (
            [
                payload["n"]
                for payload in kind.objects.order_by("id").values_list("payload", flat=True)
            ]
            for kind in (Event, Scheduled)
        )
        transaction.set_rollback(True)
    return log, due


@pytest.mark.django_db
@given(acts=st.lists(ACTS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_savepoints_hold_for_what_is_yet_to_be_written(acts: Sequence[Any]) -> None:
    assert played(acts, at_once=True) == played(acts, at_once=False)
