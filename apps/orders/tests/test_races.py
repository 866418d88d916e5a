"""Two at once: whatever the interleaving, one wins and the others are told."""

from functools import partial
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.orders import operations
from apps.orders.models import Order, StatusChange
from apps.orders.operations import Decline, Told
from apps.orders.refusals import CartBeingOrdered
from apps.orders.tests.factories import decline, place, place_with, quote
from eventbus.models import Scheduled
from eventbus.testing import drain, published


def at_once(*acts):
    """Run the functions in threads that start together; what each returned or raised."""
    barrier, results = Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        barrier.wait()
        try:
            results[index] = act()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_a_quote_posted_many_times_at_once_makes_one_order():
    token = quote()
    placed = at_once(*[partial(place_with, token)] * 4)
    assert sum(one.created for one in placed) == 1
    assert len({one.order.pk for one in placed}) == 1
    assert Order.objects.count() == 1
    assert len(published("orders.created")) == 1
    assert Scheduled.objects.filter(name="orders.payment_due").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_versions_of_a_cart_ordered_at_once_make_one_order():
    cart = uuid4()
    tokens = [quote(cart_id=cart, cart_version=version) for version in (1, 2)]
    results = at_once(*[partial(place_with, token) for token in tokens])
    assert sum(isinstance(one, CartBeingOrdered) for one in results) == 1
    assert Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_retry_asked_many_times_at_once_makes_one_order():
    failed = place()
    decline(failed)
    drain()
    pay_again = partial(operations.retry_order, order_id=failed.pk, payment_method="pm_2")
    placed = at_once(*[pay_again] * 4)
    assert sum(one.created for one in placed) == 1
    assert Order.objects.filter(retry_of=failed.pk).count() == 1


def confirm(order):
    card = {"brand": "visa", "last4": "4242"}
    paid = Told(order_id=order.pk, event_id=uuid7(), at=timezone.now(), data=card)
    return partial(operations.confirm_orders, [paid])


@pytest.mark.django_db(transaction=True)
def test_of_confirming_failing_and_timing_out_exactly_one_wins():
    for _ in range(5):
        order = place()
        declined = Decline(order_id=order.pk, message="No.", decline_code=None, at=timezone.now())
        won = at_once(
            confirm(order),
            partial(operations.time_out, [order.pk]),
            partial(operations.fail_declined, [declined]),
        )
        assert sorted(won, key=len) == [set(), set(), {order.pk}]
        assert StatusChange.objects.filter(order=order).count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_cancel_beats_a_payment_told_at_the_same_time():
    for _ in range(5):
        order = place()
        cancel = partial(operations.cancel_order, order_id=order.pk, by="customer")
        confirmed, cancelled = at_once(confirm(order), cancel)
        assert cancelled is True
        steps = list(order.history.values_list("from_status", "to_status"))
        before = [("PENDING", "CONFIRMED")] if confirmed else []
        last = ("CONFIRMED", "CANCELLED") if confirmed else ("PENDING", "CANCELLED")
        assert steps == [("", "PENDING"), *before, last]
        assert len(published("orders.cancelled", key=order.pk)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_cancelled_order_is_not_shipped_nor_a_shipped_one_cancelled():
    for _ in range(5):
        order = place()
        Order.objects.filter(pk=order.pk).update(status="CONFIRMED")
        cancelled, shipped = at_once(
            partial(operations.cancel_order, order_id=order.pk, by="customer"),
            partial(operations.ship_order, order_id=order.pk, carrier="DHL", tracking="1"),
        )
        assert cancelled is not shipped
        assert len(published("orders.cancelled", key=order.pk)) == int(cancelled)
        assert len(published("orders.shipped", key=order.pk)) == int(shipped)
