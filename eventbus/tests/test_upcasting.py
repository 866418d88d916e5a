"""Events of an older version are read as the newest one, wherever they have been meanwhile."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from eventbus import Reject, event, payload, publish, subscribe, upcast
from eventbus.contract import contracts
from eventbus.contract_files import text_of, upcaster_problems, view_file_problems
from eventbus.engines import engine
from eventbus.errors import BadDeclaration
from eventbus.models import Event, Parked
from eventbus.operating import retry_dead
from eventbus.registry import subscribers, upcasters
from eventbus.replay import replay
from eventbus.testing import drain
from eventbus.tests.conftest import Effects


@event("test.measured", version=3, private=True)
class Measured:
    """What is said today."""

    grams: int


@payload
class Weight:
    grams: int


@pytest.fixture(autouse=True)
def own_upcasters() -> Iterator[None]:
    before = dict(upcasters)
    yield
    upcasters.clear()
    upcasters.update(before)


@pytest.fixture
def three_versions() -> None:
    """1 said ounces, 2 said kilograms as text, 3 says grams."""

    @upcast("test.measured", version=1, subscriber="a")
    def to_kilograms(old: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"kilograms": f"{old['ounces'] * 0.028:.3f}"}

    @upcast("test.measured", version=2, subscriber="a")
    def to_grams(old: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"grams": round(float(old["kilograms"]) * 1000)}


OUNCES, KILOGRAMS = {"ounces": 10}, {"kilograms": "0.280"}


def say_old(version: int, body: Mapping[str, Any], *, at: Any = None) -> None:
    """As code published that is gone."""
    with transaction.atomic():
        publish(Measured(grams=0), key="k", at=at)
        table = "eventbus_scheduled" if at else "eventbus_event"
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET version = %s, payload = %s"
                f" WHERE id = (SELECT max(id) FROM {table})",
                [version, json.dumps(body)],
            )


def weighing(effects: Effects, *failures: Exception) -> None:
    left = list(failures)

    def forget() -> None:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM eventbus_test_effect")

    @subscribe("test.measured", subscriber="a", replay=forget)
    def weigh(view: Weight) -> None:
        if left:
            raise left.pop()
        effects.note("a", "k", view.grams)


def test_every_version_is_read_as_the_newest(effects: Effects, three_versions: None) -> None:
    weighing(effects)
    say_old(1, OUNCES)
    say_old(2, KILOGRAMS)
    say_old(3, {"grams": 7})
    drain()
    assert effects.of("a") == [280, 280, 7]
    assert Event.objects.earliest("id").payload == OUNCES  # what is kept is not changed


def test_what_was_parked_and_scheduled_is_read_so_too(
    effects: Effects, three_versions: None
) -> None:
    weighing(effects, Reject("broken"), Reject("broken"))
    say_old(1, OUNCES)
    say_old(2, KILOGRAMS, at=timezone.now() - timedelta(seconds=1))
    drain()
    assert sorted(Parked.objects.values_list("state", "version")) == [("dead", 1), ("waiting", 2)]
    retry_dead(None)
    drain()
    assert effects.of("a") == [280, 280]


def test_what_is_replayed_is_read_so_too(effects: Effects, three_versions: None) -> None:
    weighing(effects)
    say_old(1, OUNCES)
    drain()
    replay("a", "beginning", by="ops")
    assert effects.of("a") == []
    drain()
    assert effects.of("a") == [280]


def test_a_dead_letter_comes_through_when_its_upcaster_is_there(effects: Effects) -> None:
    weighing(effects)
    say_old(2, KILOGRAMS)
    drain()
    assert "grams: is missing" in Parked.objects.get().error

    @upcast("test.measured", version=2, subscriber="a")
    def to_grams(old: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"grams": 280}

    retry_dead(None)
    drain()
    assert effects.of("a") == [280]


def test_an_unknown_newer_version_that_does_not_fit_is_a_dead_letter(
    effects: Effects, three_versions: None
) -> None:
    weighing(effects)
    say_old(4, {"milligrams": 280_000})
    say_old(3, {"grams": 7})
    drain()
    assert effects.of("a") == []
    dead, waiting = Parked.objects.order_by("position")
    assert (dead.state, dead.version, waiting.state) == ("dead", 4, "waiting")
    assert ".grams: is missing" in dead.error


def test_an_unknown_newer_version_that_fits_is_read(effects: Effects, three_versions: None) -> None:
    weighing(effects)
    say_old(4, {"grams": 7, "of": "sugar"})
    drain()
    assert effects.of("a") == [7]


def test_an_upcaster_that_fails_parks_its_event(effects: Effects, three_versions: None) -> None:
    weighing(effects)
    say_old(1, {"stones": 1})
    drain()
    parked = Parked.objects.get()
    assert parked.state == "retrying"
    assert "KeyError: 'ounces'" in parked.error
    assert engine().connection.in_atomic_block is False


def test_one_subscriber_has_one_upcaster_a_version(three_versions: None) -> None:
    with pytest.raises(BadDeclaration, match=r"upcasts test\.measured v1 twice"):

        @upcast("test.measured", version=1, subscriber="a")
        def other(old: Mapping[str, Any]) -> Mapping[str, Any]:
            return old

    @upcast("test.measured", version=1, subscriber="b")
    def of_another(old: Mapping[str, Any]) -> Mapping[str, Any]:
        return old


@pytest.fixture
def kept(tmp_path: Path, settings: Any) -> Any:
    """Contract files of versions 1, 2 and 3 in a folder of their own."""
    settings.EVENTBUS = {**settings.EVENTBUS, "contracts": tmp_path}
    newest = json.loads(text_of(contracts["test.measured", 3])) | {"title": "test.weighed"}
    older = {1: ("ounces", "integer"), 2: ("kilograms", "string")}

    def keep(version: int) -> None:
        schema = newest | {"x-version": version}
        if version in older:
            name, kind = older[version]
            schema |= {"properties": {name: {"type": kind}}, "required": [name]}
        (tmp_path / f"test.weighed.v{version}.json").write_text(json.dumps(schema))

    return keep


def hear_weighed(*versions: int) -> Any:
    @subscribe("test.weighed", subscriber="a")
    def weigh(view: Weight) -> None: ...

    for version in versions:
        upcast("test.weighed", version=version, subscriber="a")(lambda old: old)
    return subscribers["a"]


def test_a_view_need_not_fit_what_is_upcast(kept: Any) -> None:
    for version in (1, 2, 3):
        kept(version)
    hear_weighed(1)
    assert view_file_problems(Weight, "test.weighed", subscriber="b") == [
        "Weight.grams is not promised by test.weighed.v1",
        "Weight.grams is not promised by test.weighed.v2",
    ]
    assert view_file_problems(Weight, "test.weighed", subscriber="a") == [
        "Weight.grams is not promised by test.weighed.v2",
    ]
    hear_weighed(2)
    assert view_file_problems(Weight, "test.weighed", subscriber="a") == []


@pytest.mark.parametrize(
    ("versions", "problems"),
    [
        ((), []),
        ((2,), []),
        ((1, 2), []),
        ((1, 2, 3), ["a upcasts test.weighed up to v4, which has no contract"]),
        ((0, 2), ["a upcasts test.weighed, but not v1"]),
    ],
)
def test_a_chain_leads_without_gaps_to_a_contract(
    kept: Any, versions: tuple[int, ...], problems: list[str]
) -> None:
    for version in (1, 2, 3):
        kept(version)
    assert upcaster_problems(hear_weighed(*versions)) == problems


def test_upcasting_what_is_not_heard_is_a_problem(kept: Any) -> None:
    kept(1)
    subscriber = hear_weighed()
    upcast("test.happened", version=1, subscriber="a")(lambda old: old)
    assert upcaster_problems(subscriber) == ["a upcasts test.happened, which it does not hear"]
