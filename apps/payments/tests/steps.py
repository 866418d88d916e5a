"""What the tests of the handlers let happen to an order."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from apps.payments import operations
from apps.payments.handlers import PlacedOrder
from apps.payments.tests.factories import (
    OWNER,
    PAID,
    say_created,
    say_reserved,
    token_for,
)
from eventbus.testing import drain, published

TOTAL = Decimal("59.90")
ORDERS = [("created", "reserved"), ("reserved", "created")]


def say(event: str, order_id: UUID, token: str) -> None:
    {"created": lambda: say_created(order_id, token), "reserved": lambda: say_reserved(order_id)}[
        event
    ]()


def pay(order_id: UUID, number: str = PAID) -> None:
    """Both events, and all that follows."""
    say_created(order_id, token_for(number))
    say_reserved(order_id)
    drain()


def request_charge(order_id: UUID, token: str) -> None:
    """Both events are handled, and the gateway has not been asked yet."""
    operations.note_reservations([order_id])
    operations.note_orders([placed(order_id, token)])


def placed(order_id: UUID, token: str, **changes: Any) -> PlacedOrder:
    """The order as orders.created tells of it."""
    now = timezone.now()
    told = {
        "order_id": order_id,
        "owner": OWNER,
        "total": TOTAL,
        "currency": "EUR",
        "payment_method": token,
        "placed_at": now,
        "pay_before": now + timedelta(minutes=25),
        "url": f"http://127.0.0.1:8080/orders/{order_id}/?token=secret",
    }
    return PlacedOrder(**told | changes)


def outcomes(order_id: UUID) -> list[tuple[str, int]]:
    """How often the order's payment was said to be what."""
    names = ["requested", "action_required", "processed", "failed", "refunded", "refund_failed"]
    names = [f"payments.{name}" for name in names]
    counts = [(name.partition(".")[2], len(published(name, key=order_id))) for name in names]
    return [(name, count) for name, count in counts if count]


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Run the functions in threads that start together; what each returned or raised."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return act()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
