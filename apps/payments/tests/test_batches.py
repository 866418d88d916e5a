"""Many orders in one call come to what they come to one by one, and in sets."""

import random
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import calls, operations
from apps.payments.models import GatewayCharge, Payment, PaymentMethod
from apps.payments.operations import Asked
from apps.payments.tests.factories import (
    DECLINED,
    PAID,
    PaymentMethodFactory,
    say_cancelled,
    say_created,
    say_reserved,
    token_for,
)
from apps.payments.tests.steps import at_once, outcomes, placed, request_charge
from eventbus import worker
from eventbus.cursors import ensure_cursors
from eventbus.models import Parked
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db


def mixed() -> list[Any]:
    """Orders of every kind: paid, free, late, without a method, two with one method."""
    now = timezone.now()
    shared, orders = token_for(), []
    for token, changes in [
        (token_for(), {}),
        (token_for(DECLINED), {}),
        ("", {"total": 0}),
        (token_for(), {"pay_before": now - timedelta(seconds=1)}),
        ("pm_made_up", {}),
        (shared, {}),
        (shared, {}),
        (token_for(owner="user:2"), {}),
    ]:
        orders.append(placed(uuid7(), token, **changes))
    return orders


STATUSES = ["requested", "requested", "captured", "void", "failed", "requested", "failed", "failed"]


def statuses(orders: list[Any]) -> list[str]:
    found = dict(Payment.objects.values_list("order_id", "status"))
    return [found[order.order_id] for order in orders]


@pytest.mark.parametrize("first", ["orders", "reservations"])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_a_batch_of_any_size_ends_the_same(first: str, size: int) -> None:
    orders = mixed()
    runs = [orders[start : start + size] for start in range(0, len(orders), size)]
    for step in [first, "orders" if first == "reservations" else "reservations"]:
        for run in runs:
            if step == "orders":
                operations.note_orders(run)
            else:
                operations.note_reservations([order.order_id for order in run])

    assert statuses(orders) == STATUSES
    assert [str(request["order_id"]) for request in published("payments.requested")] == [
        str(orders[number].order_id) for number in (0, 1, 5)
    ]
    assert len(published("payments.processed")) == 1
    assert {failed["code"] for failed in published("payments.failed")} == {"method_invalid"}
    assert PaymentMethod.objects.exclude(used_by_order=None).count() == 3


def test_captures_are_recorded_in_as_many_statements_for_many_as_for_one() -> None:
    def statements(count: int) -> int:
        orders = [placed(uuid7(), token_for()) for _ in range(count)]
        operations.note_orders(orders)
        operations.note_reservations([order.order_id for order in orders])
        asked = calls.charge(orders, after=[timezone.now()] * count)
        with CaptureQueriesContext(connection) as queries:
            operations.record_charges([each for each in asked if isinstance(each, Asked)])
        assert statuses(orders) == ["captured"] * count
        assert all(outcomes(order.order_id)[-1] == ("processed", 1) for order in orders)
        return sum("eventbus_event" not in query["sql"] for query in queries.captured_queries)

    assert statements(2) == statements(9) <= 4


def test_a_batch_takes_as_many_statements_for_many_as_for_one() -> None:
    def statements(count: int) -> int:
        orders = [placed(uuid7(), f"pm_{uuid7()}") for _ in range(count)]
        for order in orders:
            PaymentMethodFactory(token=order.payment_method)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            operations.note_orders(orders)
            operations.note_reservations([order.order_id for order in orders])
        return sum("eventbus_event" not in query["sql"] for query in queries.captured_queries)

    few = statements(2)
    assert few <= 12
    assert statements(12) == few


def test_orders_that_end_together_end_as_each_alone() -> None:
    unknown, known, asked, paid = uuid7(), uuid7(), uuid7(), uuid7()
    request_charge(paid, token_for())
    drain()
    operations.note_orders([placed(known, token_for())])
    request_charge(asked, token_for())

    operations.end_payments([paid, asked, known, unknown])
    drain()

    found = dict(Payment.objects.values_list("order_id", "status"))
    assert [found[each] for each in (unknown, known, asked, paid)] == [
        "void",
        "void",
        "void",
        "refunded",
    ]
    assert GatewayCharge.objects.count() == 1


@pytest.mark.parametrize("seed", range(6))
def test_batches_of_the_bus_end_as_single_events_do(seed: int) -> None:
    draw = random.Random(seed)
    orders: list[tuple[UUID, str, bool]] = [
        (uuid7(), draw.choice([PAID, DECLINED]), draw.random() < 0.4) for _ in range(12)
    ]
    events: list[Any] = []
    for order_id, number, cancelled in orders:
        token = token_for(number)
        events += [(say_created, order_id, token), (say_reserved, order_id)]
        events += [(say_cancelled, order_id)] * cancelled
    for say, *facts in events if seed % 2 else sorted(events, key=lambda each: each[0].__name__):
        say(*facts)
    drain(seed=seed)

    for order_id, number, cancelled in orders:
        ends = ("void", "refunded", "failed") if cancelled else ("captured", "failed")
        row = Payment.objects.get(order_id=order_id)
        assert row.status in ends
        assert (row.status == "captured") <= (number == PAID)
        assert dict(outcomes(order_id)).get("refunded", 0) == (row.status == "refunded")


@pytest.mark.django_db(transaction=True)
def test_a_caller_asks_for_many_charges_and_records_them_together() -> None:
    ids = [uuid7() for _ in range(5)]
    for order_id in ids:
        say_created(order_id, token_for())
        say_reserved(order_id)
    ensure_cursors()  # a test before may have left none
    reading = worker.Worker()
    while Parked.objects.count() < len(ids):
        reading.step()

    assert worker.Caller().step() == len(ids)

    assert set(Payment.objects.values_list("status", flat=True)) == {"captured"}
    assert not Parked.objects.exists()
    drain()


@pytest.mark.django_db(transaction=True)
def test_batches_at_once_in_any_order_never_wait_in_a_circle() -> None:
    orders = [placed(uuid7(), token_for()) for _ in range(6)]
    ids = [order.order_id for order in orders]

    results = at_once(
        partial(operations.note_orders, orders),
        partial(operations.note_reservations, ids[::-1]),
        partial(operations.end_payments, ids[::-1]),
        partial(operations.begin_charges, ids),
    )

    assert [each for each in results if isinstance(each, Exception)] == []
    drain()
    assert set(Payment.objects.values_list("status", flat=True)) == {"void"}
    # Where the asking had begun before the end, the key is closed at the gateway; nothing is taken.
    assert set(GatewayCharge.objects.values_list("status", flat=True)) <= {"cancelled"}
