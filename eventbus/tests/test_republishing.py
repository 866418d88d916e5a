"""A state is told afresh, and a state that could not be is found before anything starts."""

from collections.abc import Collection, Iterator

import pytest
from django.core.checks import run_checks

from eventbus import event, publish, republisher
from eventbus.contract import contracts
from eventbus.models import Event
from eventbus.registry import republishers
from eventbus.republishing import NoRepublisher, republish
from eventbus.tests.conftest import Happened


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[None]:
    before = dict(republishers), dict(contracts)
    yield
    for registry, was in zip((republishers, contracts), before, strict=True):
        registry.clear()
        registry.update(was)  # type: ignore[arg-type]


@pytest.mark.django_db(transaction=True)
def test_a_state_is_published_afresh_in_one_transaction() -> None:
    asked = []

    @republisher("test.happened")
    def tell(keys: Collection[str] | None) -> int:
        asked.append(keys)
        for n in range(2):
            publish(Happened(n=n), key=n)
        if keys == ["bad"]:
            raise RuntimeError("in the middle")
        return 2

    assert republish("test.happened", ["0", "1"]) == 2
    assert republish("test.happened") == 2
    with pytest.raises(RuntimeError):
        republish("test.happened", ["bad"])
    assert asked == [["0", "1"], None, ["bad"]]
    assert Event.objects.count() == 4


def test_an_event_without_a_republisher_is_refused() -> None:
    with pytest.raises(NoRepublisher, match=r"test\.followed"):
        republish("test.followed")


def problems(id: str) -> list[str]:
    return [found.msg for found in run_checks(tags=["eventbus"]) if found.id == id]


def test_a_state_that_nobody_can_tell_afresh_is_a_problem() -> None:
    assert problems("eventbus.E006") == []

    @event("sample.level", version=1, state=True)
    class Level:
        n: int

    assert problems("eventbus.E006") == ["sample.level tells a state but has no @republisher"]

    @republisher("sample.level")
    def tell(keys: Collection[str] | None) -> int:
        return 0

    assert problems("eventbus.E006") == []
