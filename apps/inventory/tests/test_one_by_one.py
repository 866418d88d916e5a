"""A batch of orders comes to the same as its orders one by one: rows and events."""

from contextlib import contextmanager
from types import SimpleNamespace
from uuid import UUID

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.inventory import operations, queries
from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem
from apps.inventory.tests.factories import stocked
from eventbus.models import Event

pytestmark = pytest.mark.django_db

ORDERS = [UUID(int=number) for number in range(1, 7)]
SKUS = ("BOWL", "LAMP", "MUG")


def order(number, lines, retry_of):
    wanted = [SimpleNamespace(sku=sku, quantity=quantity) for sku, quantity in lines]
    retried = None if retry_of is None else ORDERS[retry_of]
    return SimpleNamespace(order_id=ORDERS[number], lines=wanted, retry_of=retried)


numbered = st.integers(0, len(ORDERS) - 1)
some_lines = st.lists(st.tuples(st.sampled_from(SKUS), st.integers(1, 2)), min_size=1, max_size=3)
endings = st.sampled_from(["payments.failed", "orders.failed", "orders.cancelled"])
batches = st.lists(
    st.one_of(
        st.tuples(
            st.just("reserve"),
            st.lists(st.tuples(numbered, some_lines, st.none() | numbered), min_size=1, max_size=5),
        ),
        st.tuples(st.just("commit"), st.lists(numbered, min_size=1, max_size=4)),
        st.tuples(
            st.just("release"),
            st.lists(st.tuples(numbered, endings), min_size=1, max_size=5),
        ),
    ),
    min_size=1,
    max_size=6,
)


def do(name, batch):
    if name == "reserve":
        orders = [order(number, lines, retried) for number, lines, retried in batch]
        operations.reserve_stock(orders=orders)
    elif name == "commit":
        operations.commit_holds(order_ids=[ORDERS[number] for number in batch])
    else:
        operations.release_holds(ended=[(ORDERS[number], why) for number, why in batch])


@contextmanager
def shop_after(steps):
    """A shop of its own, in which the steps were done; it leaves nothing to the next."""
    with transaction.atomic():
        for sku, units in zip(SKUS, (2, 4, 6), strict=True):
            stocked(sku, units, low_threshold=1)
        for name, batch in steps:
            do(name, batch)
        yield
        transaction.set_rollback(True)


def told(*, of_levels):
    """What was published, oldest first; of the stock's levels the last of each article."""
    said = list(Event.objects.order_by("id").values_list("name", "payload"))
    if of_levels:
        return {fact["sku"]: fact for name, fact in said if name == "inventory.stock_changed"}
    return [each for each in said if each[0] != "inventory.stock_changed"]


def outcome(steps):
    """The rows that the steps leave, and what they tell."""
    stock = ("sku", "on_hand", "held", "version", "low_notified")
    ledger = ("order_id", "sku", "delta", "kind", "reason", "by")
    with shop_after(steps):
        orders = [each for each in told(of_levels=False) if each[0] != "inventory.low_stock"]
        return {
            "stock": list(StockItem.objects.values_list(*stock)),
            "holds": sorted(Hold.objects.values_list("order_id", "status", "cause")),
            "lines": sorted(HoldLine.objects.values_list("hold__order_id", "sku", "quantity")),
            "ledger": sorted(LedgerEntry.objects.filter(kind="sold").values_list(*ledger)),
            "restocked": sorted(LedgerEntry.objects.filter(kind="restocked").values_list(*ledger)),
            "levels": told(of_levels=True),
            "orders": orders,
            "low": [each for each in told(of_levels=False) if each not in orders],
            "unbalanced": list(queries.unbalanced_items()),
        }


def can_be_sold(number, steps):
    """Whether the order holds something, or was sold before, after the steps."""
    with shop_after(steps):
        holds = Hold.objects.filter(order_id=ORDERS[number])
        return holds.filter(status__in=["held", "committed", "restocked"]).exists()


@settings(
    max_examples=40,
    deadline=None,
    print_blob=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(drawn=batches)
def test_a_batch_comes_to_the_same_as_its_orders_one_by_one(drawn):
    steps = []
    for name, batch in drawn:  # orders confirms only what inventory has said to be reserved
        if name == "commit":
            batch = [number for number in batch if can_be_sold(number, steps)]
        if batch:
            steps.append((name, batch))

    together = outcome(steps)

    assert together == outcome([(name, [one]) for name, batch in steps for one in batch])
    assert together["unbalanced"] == []
