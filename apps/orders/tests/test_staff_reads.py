"""Staff's programs read everybody's orders; nobody else does."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.factories import CART_TOKEN, line, pay, place
from apps.orders.tests.test_staff_api import STAFF_ID, by_token
from eventbus.testing import drain, emit

pytestmark = pytest.mark.django_db
URL = "/api/v1/orders/staff/"


def found(**filters):
    answer = by_token(is_staff=True).get(URL, filters)
    assert answer.status_code == 200
    return [order["id"] for order in answer.json()["results"]]


def test_staff_list_everybodys_orders_page_by_page():
    orders = [place(owner=f"user:{uuid4()}") if n % 2 else place() for n in range(21)]
    page = by_token(is_staff=True).get(URL).json()
    assert [one["id"] for one in page["results"]] == [str(one.pk) for one in reversed(orders[1:])]
    rest = by_token(is_staff=True).get(page["next"]).json()
    assert [one["id"] for one in rest["results"]] == [str(orders[0].pk)]


def test_each_filter_narrows_the_list_and_all_together():
    customer = uuid4()
    old = place(owner=f"user:{customer}")
    new = place(lines=[line("B", "B", 1, "44.80", discount="4.80", tax="6.38")])
    Order.objects.filter(pk=new.pk).update(email="Bo@example.com")
    operations.cancel_order(order_id=old.pk, by="customer")
    for filters in (
        {"status": "CANCELLED"},
        {"number": old.number.lower()},
        {"email": "ANN@example.com"},
        {"customer_id": str(customer)},
        {"sku": "OAK-1"},
        {"placed_before": new.placed_at.isoformat()},
    ):
        assert found(**filters) == [str(old.pk)], filters
    assert found(sku="B", email="bo@example.com", status="PENDING") == [str(new.pk)]
    assert found(placed_after=old.placed_at.isoformat()) == [str(new.pk)]
    assert found(sku="B", status="CANCELLED") == []
    assert found() == [str(new.pk), str(old.pk)]


@pytest.mark.parametrize(
    "filters",
    [
        *({"status": "LOST"}, {"status": ""}, {"number": ""}, {"number": "\x00"}),
        *({"email": ""}, {"customer_id": "7"}, {"sku": ""}, {"placed_after": "yesterday"}),
    ],
    ids=range(8),
)
def test_a_filter_that_is_none_is_the_clients_error(filters):
    answer = by_token(is_staff=True).get(URL, filters)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"


def test_a_position_that_was_not_given_out_is_404():
    assert by_token(is_staff=True).get(URL, {"cursor": "cD14"}).status_code == 404  # p=x


def test_staff_read_an_order_with_its_history_timeline_and_refunds():
    order = place()
    pay(order)
    drain()
    operations.cancel_order(order_id=order.pk, by="staff", actor=f"user:{STAFF_ID}", reason="Torn.")
    failed = {"order_id": str(order.pk), "amount": "44.90", "currency": "EUR", "message": "No."}
    emit("payments.refund_failed", failed, key=order.pk)
    drain()
    read = by_token(is_staff=True).get(f"{URL}{order.pk}/").json()
    assert (read["status"], read["refunded"], read["refund_failed"]) == ("CANCELLED", "0.00", True)
    assert [one["sku"] for one in read["lines"]] == ["OAK-1", "PIN-1"]
    assert [(one["to_status"], one["by"], one["actor"], one["reason"]) for one in read["history"]][
        2:
    ] == [("CANCELLED", "staff", f"user:{STAFF_ID}", "Torn.")]
    kinds = {step["kind"] for step in read["steps"]}
    assert {"placed", "paid", "confirmed", "cancelled", "refund_failed"} <= kinds
    assert not {"owner", "cart_id", "payment_method"} & set(read)


@pytest.mark.parametrize("count", [2, 10])
def test_a_list_takes_as_many_queries_for_two_orders_as_for_ten(count, django_assert_num_queries):
    for _ in range(count):
        place()
    with django_assert_num_queries(4):  # the orders, their lines, timelines and histories
        assert len(found()) == count


def test_one_order_takes_four_queries(django_assert_num_queries):
    order = place()
    with django_assert_num_queries(4):
        by_token(is_staff=True).get(f"{URL}{order.pk}/")


def test_nobody_else_reads_what_is_anothers():
    order = place()
    for url in (URL, f"{URL}{order.pk}/"):
        assert by_token(is_staff=False).get(url).status_code == 403
        assert APIClient().get(url).status_code == 401
        assert APIClient(headers={"Cart-Token": CART_TOKEN}).get(url).status_code == 401
    assert by_token(is_staff=True).get(f"{URL}{uuid4()}/").status_code == 404


def test_staff_known_here_need_the_permission(user):
    user.is_staff = True
    user.save()
    client = APIClient()
    client.force_authenticate(user)
    assert client.get(URL).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="change_order"))
    client.force_authenticate(type(user).objects.get(pk=user.pk))  # it remembers what it may
    assert client.get(URL).status_code == 200
