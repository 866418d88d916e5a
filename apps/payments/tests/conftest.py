"""An order, and a gateway that can be silent."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from apps.payments import calls
from apps.payments.gateway import GatewayUnavailable, gateway
from apps.payments.tests.factories import CHALLENGE, SILENT, payment
from apps.payments.tests.steps import outcomes, pay
from eventbus.testing import published


@pytest.fixture
def order_id() -> UUID:
    return uuid7()


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, all calls of a batch are made."""
    monkeypatch.setattr(calls, "TOGETHER_SECONDS", 3600)


ASKING = {"charge": ["charge", "outcome", "cancel"], "refund": ["refund"]}


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`silent("charge", times=2, after=True)`: whatever the gateway is asked about charges, it
    gives no answer so many times, `after` it has taken effect or before. Returns the keys it is
    asked with."""

    def silence(name: str, *, times: int, after: bool) -> list[str]:
        asked: list[str] = []

        def silenced(real: Any, **request: Any) -> Any:
            asked.append(request["key"])
            if len(asked) <= times and not after:
                raise GatewayUnavailable
            answer = real(**request)
            if len(asked) <= times:
                raise GatewayUnavailable
            return answer

        for method in ASKING[name]:
            monkeypatch.setattr(gateway, method, partial(silenced, getattr(gateway, method)))
        return asked

    return silence


@pytest.fixture
def asked(order_id: UUID) -> str:
    """The key of a charge that the gateway is silent about."""
    pay(order_id, SILENT)
    return payment(order_id).gateway_key or ""


@pytest.fixture
def challenged(order_id: UUID) -> Callable[..., str]:
    """Buy with a card whose issuer asks; the path of the page where it does."""

    def buy(number: str = CHALLENGE) -> str:
        pay(order_id, number)
        assert outcomes(order_id) == [("requested", 1), ("action_required", 1)]
        return str(published("payments.action_required", key=order_id)[0]["url"])

    return buy
