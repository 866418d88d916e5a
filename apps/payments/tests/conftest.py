"""An order, and a gateway that can be silent."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from apps.payments.gateway import GatewayUnavailable, gateway


@pytest.fixture
def order_id() -> UUID:
    return uuid7()


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
