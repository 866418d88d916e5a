"""The demonstration: what it loads, in which order, and what it refuses."""

import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from shop import demo
from shop.management.commands.demo import only_one_here, refuse_busy_port


@dataclass(frozen=True)
class SignIn:
    email: str
    password: str
    role: str


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Loaders that write nothing, and the list of what was called."""
    calls: list[Any] = []

    def products() -> dict[str, int]:
        calls.append("catalogue")
        return {"MUG-BLUE": 12, "APRON": 0}

    def users() -> list[SignIn]:
        calls.append("people")
        return [SignIn("staff@example.com", "words of a staff", "staff")]

    def inventory(stock: Mapping[str, int]) -> None:
        calls.append(("stock", dict(stock)))

    def drain() -> int:
        calls.append("drained")
        return 7

    for name, load in {"products": products, "users": users, "inventory": inventory}.items():
        module = ModuleType(f"apps.{name}.demo")
        module.load = load  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(demo, "drain", drain)
    return calls


def run(*options: str) -> str:
    out = StringIO()
    call_command("demo", "--bare", "--no-serve", *options, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_stock_comes_after_inventory_heard_of_the_articles(loaded: list[Any]) -> None:
    run()
    stock = {"MUG-BLUE": 12, "APRON": 0}
    assert loaded == ["catalogue", "people", "drained", ("stock", stock), "drained"]


@pytest.mark.django_db
def test_it_tells_where_everything_is(loaded: list[Any]) -> None:
    told = run("--port", "8123")
    for words in (
        "http://127.0.0.1:8123/\n",
        "http://127.0.0.1:8123/api/v1/",
        "http://127.0.0.1:8123/admin/",
        "http://127.0.0.1:8123/notifications/mailbox/",
        "http://127.0.0.1:8123/metrics",
        "staff@example.com  words of a staff",
        "4242 4242 4242 4242",
        "4000 0000 0000 9995  is declined: insufficient funds",
        "2 articles",
        "7 deliveries",
    ):
        assert words in told


@pytest.mark.django_db
def test_contexts_that_are_elsewhere_are_left_alone(loaded: list[Any], settings: Any) -> None:
    settings.SHOP_CONTEXTS = ["orders"]
    told = run()
    assert loaded == ["drained"]
    assert "mailbox" not in told
    assert "4242" not in told


@pytest.mark.django_db
def test_the_same_seed_draws_the_same(loaded: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    import random

    drawn: list[float] = []
    module = sys.modules["apps.users.demo"]
    monkeypatch.setattr(module, "load", lambda: drawn.append(random.random()) or [])
    for seed in ("5", "5", "6"):
        run("--seed", seed)
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_busy_port_is_refused_before_any_work(loaded: list[Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} cannot be used"):
            call_command("demo", "--port", str(port), stdout=StringIO())
    assert loaded == []


@pytest.mark.django_db
def test_two_at_once_do_not_fill_the_same_database(loaded: list[Any]) -> None:
    with only_one_here(), pytest.raises(CommandError, match="Another demo"):
        run()
    assert loaded == []
    run()  # when the other is done


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(CommandError, match="Port 70000 cannot be used"):
        refuse_busy_port(70000)
