"""Where orders meet: many events at once do what they do one by one, in fewer statements."""

from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.orders import operations
from apps.orders.models import Order, StatusChange, TimelineEntry
from apps.orders.operations import Told
from apps.orders.tests.factories import decline, pay, place, place_with, quote, sell_out
from eventbus.models import Event, Parked
from eventbus.testing import drain, emit, published

pytestmark = pytest.mark.django_db
STRANGER = Order(pk=UUID(int=7), total=1)


def reserve(order):
    return emit("inventory.reserved", {"order_id": str(order.pk), "lines": []}, key=order.pk)


def statuses(orders):
    found = dict(Order.objects.values_list("pk", "status"))
    return [found[order.pk] for order in orders]


def statements(act):
    """How many, without the bus's own (which Django sees on SQLite only)."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum("eventbus_" not in one["sql"] for one in captured)


def test_a_batch_of_payments_confirms_those_that_are_pending_and_no_other():
    orders = [place() for _ in range(6)]
    cancelled, declined, twice = orders[3:]
    operations.cancel_order(order_id=cancelled.pk, by="customer")
    decline(declined)
    drain()
    for order in (*orders, twice, STRANGER):
        pay(order)
    drain()
    assert statuses(orders) == [*["CONFIRMED"] * 3, "CANCELLED", "FAILED", "CONFIRMED"]
    confirmed = {one["order_id"] for one in published("orders.confirmed")}
    assert confirmed == {str(order.pk) for order in (*orders[:3], twice)}
    assert len(published("orders.confirmed")) == 4
    assert StatusChange.objects.filter(to_status="CONFIRMED").count() == 4
    paid = TimelineEntry.objects.filter(kind="paid")
    assert paid.count() == 7  # of the cancelled and the failed one too, and twice of the last
    assert not Parked.objects.exists()


def test_an_order_named_twice_in_one_batch_is_moved_once():
    order = place()
    card = {"order_id": str(order.pk), "amount": "44.90", "currency": "EUR"}
    for key in ("one", order.pk):  # two keys, so that nothing keeps them out of one run
        emit("payments.processed", card | {"brand": "visa", "last4": "4242"}, key=key)
    drain()
    assert len(published("orders.confirmed")) == 1
    assert order.history.count() == 2
    assert order.timeline.filter(kind="paid").count() == 2


def test_a_batch_of_shortages_and_declines_fails_each_order_with_its_own_reason():
    orders = [place() for _ in range(4)]
    operations.time_out([orders[3].pk])
    for order in (orders[0], orders[1], orders[3], STRANGER):
        sell_out(order)
    decline(orders[2])
    drain()
    assert statuses(orders) == [*["FAILED"] * 3, "CANCELLED"]
    reasons = {one["order_id"]: one["reason"] for one in published("orders.failed")}
    assert reasons == {
        str(orders[0].pk): "out_of_stock",
        str(orders[1].pk): "out_of_stock",
        str(orders[2].pk): "payment_declined",
    }
    first = Order.objects.get(pk=orders[0].pk)
    assert first.missing == [{"sku": "OAK-1", "title": "Oak tray", "wanted": 2, "available": 1}]


def test_each_event_names_the_one_that_caused_it():
    orders = [place() for _ in range(3)]
    caused = {str(order.pk): str(pay(order)) for order in orders}
    drain()
    confirmed = Event.objects.filter(name="orders.confirmed")
    assert {one.key: one.headers["causation_id"] for one in confirmed} == caused


def test_a_batch_of_deadlines_cancels_what_is_pending():
    orders = [place() for _ in range(3)]
    pay(orders[0])
    drain()
    due = Order.objects.latest("pay_before").pay_before
    drain(now=due)
    assert statuses(orders) == ["CONFIRMED", "CANCELLED", "CANCELLED"]
    assert {one["by"] for one in published("orders.cancelled")} == {"timeout"}


@pytest.mark.parametrize("count", [1, 10])
def test_confirming_takes_ten_statements_however_many_orders(count):
    """Their rows, locked, and one UPDATE; history; two INSERTs and a SELECT for the timeline; and
    two savepoints. The bus adds two an order: its event, and taking back its deadline."""
    card = {"brand": "visa", "last4": "4242"}
    paid = [
        Told(order_id=place().pk, event_id=uuid4(), at=timezone.now(), data=card)
        for _ in range(count)
    ]
    assert statements(lambda: operations.confirm_orders(paid)) == 10


def test_recording_takes_four_statements_for_all_orders():
    steps = [Told(order_id=place().pk, event_id=uuid4(), at=timezone.now()) for _ in range(10)]
    assert statements(lambda: operations.record_steps("reserved", steps)) == 4


def test_placing_an_order_takes_eight_statements():
    """Two reads (its quote's order, newer prices), three for the row that must be unique, its
    lines, history, timeline. The bus adds three, and once in five minutes a fourth."""
    token = quote()
    assert statements(lambda: place_with(token)) == 8 + 2  # here a savepoint for the transaction
