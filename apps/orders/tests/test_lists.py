"""The list of one's orders by the API: whose, which, and page by page."""

from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.factories import CART_TOKEN, place
from apps.orders.tests.test_api import URL, customer

pytestmark = pytest.mark.django_db


def test_customers_list_their_own_orders_page_by_page():
    user = uuid4()
    mine = [place(owner=f"user:{user}") for _ in range(21)]
    place()
    page = customer(user).get(URL).json()
    assert all(
        order["placed_at"].endswith("Z") for order in page["results"]
    )  # UTC, wherever the shop is
    assert [order["id"] for order in page["results"]] == [
        str(order.pk) for order in reversed(mine[1:])
    ]
    rest = customer(user).get(page["next"]).json()
    assert [order["id"] for order in rest["results"]] == [str(mine[0].pk)]
    assert APIClient(headers={"Cart-Token": CART_TOKEN}).get(URL).status_code == 401


def test_the_list_is_filtered_by_status_and_time():
    user = uuid4()
    old, new = place(owner=f"user:{user}"), place(owner=f"user:{user}")
    operations.cancel_order(order_id=old.pk, by="customer")

    def found(**filters):
        answer = customer(user).get(URL, filters)
        assert answer.status_code == 200
        return [order["id"] for order in answer.json()["results"]]

    first = Order.objects.get(pk=old.pk).placed_at.isoformat()
    assert found(status="CANCELLED") == [str(old.pk)]
    assert found(status="PENDING") == [str(new.pk)]
    assert found(placed_after=first) == [str(new.pk)]
    assert found(placed_before=new.placed_at.isoformat()) == [str(old.pk)]
    assert found(status="CANCELLED", placed_after=first) == []
    assert found() == [str(new.pk), str(old.pk)]


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "LOST"},
        {"status": "\x00"},
        {"status": ""},
        {"placed_after": ""},
        {"placed_after": "yesterday"},
        {"placed_before": "2026"},
    ],
    ids=range(6),
)
def test_a_filter_that_is_none_is_the_clients_error(filters):
    answer = customer(uuid4()).get(URL, filters)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_list_takes_as_many_queries_for_two_orders_as_for_ten(django_assert_num_queries):
    few, many = uuid4(), uuid4()
    for user, count in ((few, 2), (many, 10)):
        for _ in range(count):
            place(owner=f"user:{user}")
        with django_assert_num_queries(3):  # the orders, their lines, their timelines
            customer(user).get(URL)


def test_the_next_page_keeps_the_filter():
    user = uuid4()
    for number in range(22):
        order = place(owner=f"user:{user}")
        if number:
            operations.cancel_order(order_id=order.pk, by="customer")
    page = customer(user).get(URL, {"status": "CANCELLED"}).json()
    assert len(page["results"]) == 20
    [last] = customer(user).get(page["next"]).json()["results"]
    assert last["status"] == "CANCELLED"
