"""A bus that is set up wrongly refuses to start, and says what is wrong."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connections

from eventbus import payload, subscribe, upcast
from eventbus.errors import BadDeclaration
from eventbus.registry import upcasters
from eventbus.tests.conftest import Number


@payload
class Misread:
    nothing_of_the_kind: int


def problems() -> list[tuple[str | None, str]]:
    return [(problem.id, problem.msg) for problem in run_checks(tags=["eventbus"])]


def ids() -> list[str | None]:
    return [id for id, _ in problems()]


@pytest.fixture
def no_upcasters() -> Iterator[None]:
    before = dict(upcasters)
    yield
    upcasters.clear()
    upcasters.update(before)


def test_the_project_has_none() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("wrong", "id"),
    [
        ({"database": "elsewhere"}, "eventbus.E001"),
        ({"mode": "threads"}, "eventbus.E003"),
        ({"contracts": None}, "eventbus.E004"),
        ({"contracts": "/nowhere"}, "eventbus.E004"),
        ({"retention_day": 30}, "eventbus.E010"),
        ({"batch": 0}, "eventbus.E011"),
        ({"hang_seconds": "60"}, "eventbus.E011"),
        ({"retention_days": -1}, "eventbus.E011"),
        ({"max_attempts": True}, "eventbus.E011"),
    ],
)
def test_a_wrong_setting(settings: Any, wrong: dict[str, Any], id: str) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, **wrong}
    assert id in ids()


def test_a_log_that_is_kept_for_ever_is_none(settings: Any) -> None:
    settings.EVENTBUS = {**settings.EVENTBUS, "retention_days": 0, "batch_seconds": 0.01}
    assert ids() == []


def test_a_transaction_around_every_page(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    assert ids() == ["eventbus.E002"]


@pytest.mark.engine("sqlite")
def test_a_file_whose_readers_cannot_turn_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    options = connections["default"].settings_dict["OPTIONS"]
    monkeypatch.delitem(options, "transaction_mode")
    assert ids() == ["eventbus.W001"]


def test_a_database_that_the_bus_does_not_know(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setitem(
        connections.settings, "oracle", {**connections.settings["default"], "ENGINE": "x.oracle"}
    )
    monkeypatch.setitem(settings.DATABASES, "oracle", connections.settings["oracle"])
    settings.EVENTBUS = {**settings.EVENTBUS, "database": "oracle"}
    assert ids() == ["eventbus.E009"]


def test_a_handler_of_what_nobody_promises() -> None:
    @subscribe("nobody.said", subscriber="a")
    def hear(view: Number) -> None: ...

    assert problems() == [("eventbus.E005", "Number reads nobody.said, which has no contract")]


def test_a_handler_that_reads_more_than_is_promised() -> None:
    @subscribe("test.happened", subscriber="a")
    def hear(view: Misread) -> None: ...

    (found,) = problems()
    assert found[0] == "eventbus.E005"
    assert "nothing_of_the_kind is not promised" in found[1]


def test_an_upcaster_that_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(upcasters, ("a", "test.happened", 7), lambda data: data)

    @subscribe("test.happened", subscriber="a")
    def hear(view: Number) -> None: ...

    assert ids() == ["eventbus.E007"]


def test_two_subscribers_of_one_name() -> None:
    """Two apps that share one position by accident would wait for each other's failures."""

    def hear(view: Number) -> None: ...

    def hear_too(view: Number) -> None: ...

    hear.__module__, hear_too.__module__ = "apps.orders.handlers", "apps.cart.handlers"
    subscribe("test.happened", subscriber="mine")(hear)
    subscribe("test.followed", subscriber="mine")(hear_too)
    assert problems() == [
        ("eventbus.E008", "The subscriber mine has handlers in two apps: cart, orders")
    ]


def test_two_handlers_of_one_event(no_upcasters: None) -> None:
    @subscribe("test.happened", subscriber="a")
    def hear(view: Number) -> None: ...

    with pytest.raises(BadDeclaration, match=r"handles test\.happened twice"):

        @subscribe("test.happened", subscriber="a")
        def hear_too(view: Number) -> None: ...

    with pytest.raises(BadDeclaration, match=r"upcasts test\.happened v1 twice"):
        for _ in range(2):

            @upcast("test.happened", version=1, subscriber="a")
            def newer(data: Any) -> Any: ...

            newer.__qualname__ += "again"
