"""Two at once: whatever the interleaving, one wins and the others are told."""

from dataclasses import asdict
from functools import partial
from threading import Barrier, Thread
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.models import TokenUser
from uuid_utils.compat import uuid7

from apps.orders import operations, queries
from apps.orders.models import Order, StatusChange
from apps.orders.operations import Decline, Told
from apps.orders.refusals import CartBeingOrdered
from apps.orders.tests.checkouts import come_to, kept, shown
from apps.orders.tests.factories import ADDRESS, CART_TOKEN, decline, place, place_with, quote
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


@pytest.fixture
def api():
    """Its first answer in a process, as the description that answers are held against cannot be
    made in two threads at once."""
    assert APIClient().get("/api/v1/orders/").status_code == 401


def staff_client():
    client = APIClient()
    client.force_authenticate(TokenUser({"user_id": str(uuid4()), "is_staff": True}))
    return client


def post_as(client, order, what, body):
    return client.post(f"/api/v1/orders/{order.pk}/{what}/", body, format="json").status_code


@pytest.mark.usefixtures("api")
@pytest.mark.django_db(transaction=True)
def test_of_shoppers_cancel_and_staffs_shipment_by_the_api_one_gets_409():
    for _ in range(3):
        order = place()
        Order.objects.filter(pk=order.pk).update(status="CONFIRMED")
        parcel = {"carrier": "DHL", "tracking": "1"}
        guest = APIClient(headers={"Cart-Token": CART_TOKEN})
        codes = at_once(
            partial(post_as, guest, order, "cancel", {}),
            partial(post_as, staff_client(), order, "ship", parcel),
            partial(post_as, staff_client(), order, "ship", parcel),
        )
        assert sorted(codes) == [200, 409, 409]
        ended = published("orders.cancelled", key=order.pk) + published(
            "orders.shipped", key=order.pk
        )
        assert len(ended) == 1
        assert StatusChange.objects.filter(order=order).count() == 2


@pytest.mark.django_db(transaction=True)
def test_batches_of_the_same_orders_at_once_never_wait_in_a_circle():
    """They are named in opposite orders, and each is moved by one of the two."""
    orders = [place() for _ in range(12)]
    card = {"brand": "visa", "last4": "4242"}
    paid = [Told(order_id=o.pk, event_id=uuid7(), at=timezone.now(), data=card) for o in orders]
    confirmed, cancelled = at_once(
        partial(operations.confirm_orders, paid),
        partial(operations.time_out, [order.pk for order in reversed(orders)]),
    )
    assert confirmed | cancelled == {order.pk for order in orders}
    assert confirmed & cancelled == set()
    assert StatusChange.objects.filter(from_status="PENDING").count() == len(orders)


@pytest.mark.django_db(transaction=True)
def test_sweeps_at_once_cancel_each_order_once():
    orders = [place() for _ in range(4)]
    Order.objects.update(pay_before=timezone.now() - 2 * queries.STUCK_AFTER)
    swept = at_once(*[operations.sweep_orders] * 3)
    assert sorted(pk for one in swept for pk in one.cancelled) == sorted(o.pk for o in orders)
    assert [one.failed for one in swept] == [[], [], []]
    assert len(published("orders.cancelled")) == len(orders)


def post_order(data, key):
    client = APIClient(headers={"Cart-Token": CART_TOKEN, "Idempotency-Key": key})
    answer = client.post("/api/v1/orders/", data, format="json")
    return answer.status_code, answer.json()


@pytest.mark.usefixtures("api")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("keys", [["same"] * 6, [f"key-{number}" for number in range(6)]])
def test_an_order_posted_many_times_at_once_is_one_order(keys):
    """With one key or with many: A10."""
    data = {
        "quote": quote(),
        "email": "ann@example.com",
        "shipping_address": asdict(ADDRESS),
        "payment_method": "pm_1",
    }
    answers = at_once(*[partial(post_order, data, key) for key in keys])
    order = Order.objects.get()
    codes = sorted(code for code, _ in answers)
    placed = [body["id"] for code, body in answers if code in (200, 201)]
    assert set(placed) == {str(order.pk)}
    assert set(codes) <= ({201, 409} if len(set(keys)) == 1 else {200, 201})
    assert len(published("orders.created")) == 1


def press_place(cookies, form):
    client = Client()
    client.cookies.load(cookies)
    answer = client.post("/orders/place/", form)
    return answer.status_code, answer["Location"]


@pytest.mark.django_db(transaction=True)
def test_the_button_that_orders_pressed_many_times_at_once_is_one_order(guest):
    """Whichever finds the draft, and whichever finds it gone."""
    come_to(guest, "review")
    form, cookies = shown(guest), guest.cookies.output(header="", sep=";")
    answers = at_once(*[partial(press_place, cookies, form)] * 4)
    assert answers == [(303, f"/orders/{Order.objects.get().pk}/")] * 4
    assert len(published("orders.created")) == 1
    assert {name for name, value in kept(guest).items() if value} == {"placed"}
