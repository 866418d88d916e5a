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
from uuid_utils.compat import uuid7

from apps.payments import operations
from apps.payments.handlers import PlacedOrder
from apps.payments.models import Refund
from apps.payments.tests.factories import (
    OWNER,
    PAID,
    payment,
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


def give_back(order_id: UUID, amount: str, *, key: str = "", reason: str = "Broken.") -> Refund:
    """By staff, with a key of its own."""
    return operations.refund_payment(
        order_id=order_id,
        amount=Decimal(amount),
        reason=reason,
        by="user:7",
        key=key or uuid7().hex,
    )


def later(**time: int) -> None:
    drain(now=timezone.now() + timedelta(**time))


def totals(order_id: UUID) -> list[tuple[str, str]]:
    """(amount, total) of each time that money was said to be back."""
    told = published("payments.refunded", key=order_id)
    return [(each["amount"], each["total_refunded"]) for each in told]


def money(order_id: UUID) -> tuple[str, str, str]:
    """(given back, on its way, left)"""
    row = payment(order_id)
    return tuple(str(each) for each in (row.refunded_amount, row.refunding_amount, row.refundable))


def api(url: str) -> str:
    return url.replace("/payments/", "/api/v1/payments/")


def failure(order_id: UUID) -> tuple[str, str | None]:
    [failed] = published("payments.failed", key=order_id)
    return failed["code"], failed["decline_code"]
