"""Calls outside in batches: one commit for all attempts, the calls, one for all results."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from eventbus import Envelope, operating, publish, subscribe
from eventbus.errors import BadDeclaration
from eventbus.models import Parked
from eventbus.testing import drain, published
from eventbus.tests.conftest import Effects, Followed, Number
from eventbus.tests.statements import recorded
from eventbus.tests.test_batches import read_all
from eventbus.worker import Caller


def test_a_batch_of_calls_is_recorded_together(effects: Effects, say: Any) -> None:
    made: list[list[int]] = []

    @subscribe("test.happened", subscriber="caller", external=True, batch=True)
    def call(views: Sequence[Number]) -> list[Callable[[], object] | None]:
        made.append([view.n for view in views])
        return [lambda n=view.n: effects.note("caller", "k", n) for view in views]

    for n in range(4):
        say(f"k{n}", n)
    read_all()
    assert [Caller().step(), Caller().step()] == [4, 0]
    assert sorted(made[0]) == sorted(effects.of("caller")) == [0, 1, 2, 3]
    assert len(made) == 1
    assert not Parked.objects.exists()


def test_one_call_of_a_batch_can_fail_alone(effects: Effects, say: Any) -> None:
    def spoil() -> None:
        effects.note("caller", "k", 3)
        raise ValueError("cannot be recorded")

    @subscribe("test.happened", subscriber="caller", external=True, batch=True)
    def call(views: Sequence[Number]) -> list[Any]:
        results = {
            0: lambda: effects.note("caller", "k", 0),
            1: ValueError("declined"),
            2: None,
            3: spoil,
        }
        return [results[view.n] for view in views]

    for n in range(4):
        say(f"k{n}", n)
    read_all()
    Caller().step()
    assert effects.of("caller") == [0]
    parked = {row.payload["n"]: row for row in Parked.objects.all()}
    assert {n: (row.state, row.attempts) for n, row in parked.items()} == {
        1: ("to call", 1),
        3: ("to call", 1),
    }
    assert "declined" in parked[1].error
    assert "cannot be recorded" in parked[3].error


def test_results_are_recorded_as_a_set_and_apart_where_one_stands_in_the_way(
    effects: Effects, say: Any
) -> None:
    recorded: list[list[int]] = []

    def record(values: Sequence[tuple[int, Envelope]]) -> None:
        recorded.append([n for n, _ in values])
        for n, cause in values:
            effects.note("caller", "k", n)
            publish(Followed(n=n), key="another", cause=cause)
        if 3 in recorded[-1]:
            raise ValueError("cannot be recorded")

    @subscribe("test.happened", subscriber="caller", external=True, batch=True, record=record)
    def call(views: Sequence[Number], told: Sequence[Envelope]) -> list[Any]:
        brought = {1: ValueError("declined"), 2: None}
        return [
            brought.get(view.n, (view.n, envelope))
            for view, envelope in zip(views, told, strict=True)
        ]

    for n in range(4):
        say(f"k{n}", n)
    read_all()
    Caller().step()
    assert recorded == [[0, 3], [0], [3]]
    assert effects.of("caller") == [0]
    assert published("test.followed") == [{"n": 0}]
    assert sorted(row.payload["n"] for row in Parked.objects.all()) == [1, 3]


def test_only_a_batch_of_calls_has_results_to_record_as_a_set() -> None:
    with pytest.raises(BadDeclaration, match="batch of external calls"):
        subscribe("test.happened", subscriber="caller", external=True, record=print)


def test_a_batch_of_calls_that_answers_too_few_is_dead(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="caller", external=True, batch=True)
    def call(views: Sequence[Number]) -> list[Any]:
        return []

    say("k", 1)
    drain()
    assert Parked.objects.get().state == "dead"
    assert "one result for each event" in Parked.objects.get().error


def answering_calls() -> None:
    @subscribe("test.happened", subscriber="caller", external=True, batch=True)
    def call(views: Sequence[Number], envelopes: Sequence[Envelope]) -> list[Callable[[], object]]:
        return [
            lambda n=view.n, key=envelope.key: publish(Followed(n=n), key=key)
            for view, envelope in zip(views, envelopes, strict=True)
        ]


def statements_for(say: Any, calls: int) -> list[str]:
    for n in range(calls):
        say(f"k{calls}-{n}", n)
    read_all()
    with recorded() as statements:
        assert Caller().step() == calls
    return statements


def test_more_calls_are_no_more_statements(effects: Effects, say: Any) -> None:
    answering_calls()
    statements_for(say, 2)
    few, many = statements_for(say, 3), statements_for(say, 9)
    assert len(many) == len(few)
    assert sum(statement.startswith("COMMIT") for statement in many) <= 3  # and of the locks
    assert len(published("test.followed")) == 14
    assert not Parked.objects.exists()


def test_the_results_of_several_ranges_are_recorded_together(effects: Effects, say: Any) -> None:
    answering_calls()
    read_all()
    operating.split("caller", into=4, by="ops", reason="test")
    assert len(statements_for(say, 8)) > 0
    assert sorted(payload["n"] for payload in published("test.followed")) == list(range(8))
    assert not Parked.objects.exists()


def test_a_call_that_was_taken_over_loses_no_other_result(effects: Effects, say: Any) -> None:
    @subscribe("test.happened", subscriber="caller", external=True, batch=True)
    def call(views: Sequence[Number]) -> list[Callable[[], object]]:
        Parked.objects.filter(payload={"n": 1}).update(attempts=3)  # what the other has written
        return [lambda n=view.n: effects.note("caller", "k", n) for view in views]

    for n in range(3):
        say(f"k{n}", n)
    read_all()
    Caller().step()
    assert sorted(effects.of("caller")) == [0, 2]
    assert [row.payload["n"] for row in Parked.objects.all()] == [1]


def test_what_waits_behind_each_call_comes_forward(effects: Effects, say: Any) -> None:
    answering_calls()
    for n in range(3):
        say(f"k{n}", n)
    say("k1", 10, 11)
    read_all()
    Caller().step()
    assert sorted(Parked.objects.values_list("state", flat=True)) == ["to call", "waiting"]
    Caller().step()
    Caller().step()
    assert [payload["n"] for payload in published("test.followed", key="k1")] == [1, 10, 11]
