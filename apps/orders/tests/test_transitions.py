"""What may follow what: every move that the table names, and no other."""

from itertools import pairwise, product
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.operations import Decline, Told
from apps.orders.tests.factories import place
from apps.orders.transitions import ALLOWED, may_move
from eventbus.models import Event

pytestmark = pytest.mark.django_db
STATUSES = [str(status) for status in Order.Status]


def confirm(order):
    card = {"brand": "visa", "last4": "4242"}
    paid = Told(order_id=order.pk, event_id=uuid4(), at=timezone.now(), data=card)
    return order.pk in operations.confirm_orders([paid])


def decline(order):
    why = Decline(order_id=order.pk, message="No.", decline_code=None, at=timezone.now())
    return order.pk in operations.fail_declined([why])


def sell_out(order):
    return order.pk in operations.fail_sold_out({order.pk: []})


def time_out(order):
    return order.pk in operations.time_out([order.pk])


def cancel(order):
    return operations.cancel_order(order_id=order.pk, by="staff", actor="user:7")


def ship(order):
    return operations.ship_order(order_id=order.pk, carrier="DHL", tracking="1", actor="user:7")


def deliver(order):
    return operations.deliver_order(order_id=order.pk, actor="user:7")


MOVES = {  # what is done: (from, to, event)
    confirm: (["PENDING"], "CONFIRMED", "orders.confirmed"),
    decline: (["PENDING"], "FAILED", "orders.failed"),
    sell_out: (["PENDING"], "FAILED", "orders.failed"),
    time_out: (["PENDING"], "CANCELLED", "orders.cancelled"),
    cancel: (["PENDING", "CONFIRMED"], "CANCELLED", "orders.cancelled"),
    ship: (["CONFIRMED"], "SHIPPED", "orders.shipped"),
    deliver: (["SHIPPED"], "DELIVERED", "orders.delivered"),
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("act", MOVES, ids=lambda act: act.__name__)
def test_every_move_from_every_status(act, status):
    order = place()
    Order.objects.update(status=status)
    before = Event.objects.count()
    starts, to, event = MOVES[act]
    assert act(order) is (status in starts)
    order.refresh_from_db()
    told = list(Event.objects.order_by("id").values_list("name", flat=True))[before:]
    if status in starts:
        assert order.status == to
        assert told == [event]
        last = order.history.last()
        assert (last.from_status, last.to_status) == (status, to)
    else:
        assert order.status == status
        assert told == []
        assert order.history.count() == 1


def test_the_table_allows_what_the_moves_do_and_nothing_else():
    done = {(start, to) for starts, to, _ in MOVES.values() for start in starts}
    allowed = {
        (start, to)
        for start, to in product(STATUSES, STATUSES)
        if may_move(start, Order.Status(to))
    }
    assert done == allowed
    assert set(ALLOWED) == set(Order.Status)


def test_a_history_is_a_path_of_the_table_and_names_the_person():
    order = place()
    for act in (confirm, ship, deliver):
        assert act(order)
    steps = list(order.history.all())
    assert [(step.by, step.actor) for step in steps] == [
        ("customer", ""),
        ("payments", ""),
        ("staff", "user:7"),
        ("staff", "user:7"),
    ]
    for one, other in pairwise(steps):
        assert other.from_status == one.to_status
        assert may_move(other.from_status, Order.Status(other.to_status))


def test_a_status_its_history_its_timeline_and_its_event_are_one_commit():
    order = place()
    before = Event.objects.count()
    with transaction.atomic():
        assert cancel(order)
        assert Event.objects.count() == before + 1
        transaction.set_rollback(True)
    order.refresh_from_db()
    assert order.status == "PENDING"
    assert Event.objects.count() == before
    assert order.history.count() == order.timeline.count() == 1
