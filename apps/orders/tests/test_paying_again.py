"""A failed order with a coupon: paid again while the coupon is kept for it, and refused after."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.orders import operations, queries
from apps.orders.models import Order, StatusChange
from apps.orders.refusals import RetryTooLate
from apps.orders.tests.factories import CART_TOKEN, decline, place
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
MARGIN = timedelta(seconds=5)  # the test itself takes time


@pytest.fixture
def failed():
    order = place(coupon="HELLO")
    decline(order)
    drain()
    return order


def let_pass(since):
    StatusChange.objects.filter(to_status="FAILED").update(at=timezone.now() - since)


def pay_again(order):
    return operations.retry_order(order_id=order.pk, payment_method="pm_2").order


def test_a_retry_has_the_coupon_and_every_sum_of_the_order_that_failed(failed):
    let_pass(queries.COUPON_KEPT_FOR - MARGIN)
    order = pay_again(failed)
    same = ("coupon", "discount", "shipping", "shipping_method", "shipping_tax", "tax", "total")
    failed.refresh_from_db()
    assert [getattr(order, name) for name in same] == [getattr(failed, name) for name in same]
    of_line = ("sku", "quantity", "unit_price", "discount", "tax_rate", "tax")
    assert list(order.lines.values(*of_line)) == list(failed.lines.values(*of_line))
    first, second = published("orders.created")
    for name in ("coupon", "lines", "shipping_method", "total"):
        assert first[name] == second[name]
    assert first["coupon"] == "HELLO"


def test_after_a_quarter_of_an_hour_the_cart_is_pointed_to_and_nothing_is_written(failed, guest):
    let_pass(queries.COUPON_KEPT_FOR + MARGIN)
    with pytest.raises(RetryTooLate):
        pay_again(failed)
    api = APIClient(headers={"Cart-Token": CART_TOKEN})
    body = {"payment_method": "pm_2"}
    answer = api.post(f"/api/v1/orders/{failed.pk}/retry/", body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "retry_too_late")
    assert "Your cart still holds everything" in answer.json()["detail"]
    html = guest.get(f"/orders/{failed.pk}/").content.decode()
    assert "Please check out again from your cart." in html
    assert "/retry/" not in html
    posted = guest.post(f"/orders/{failed.pk}/retry/", body, follow=True)
    assert "Your cart still holds everything" in posted.content.decode()
    assert Order.objects.count() == len(published("orders.created")) == 1


def test_without_a_coupon_there_is_no_hurry():
    order = place()
    decline(order)
    drain()
    let_pass(timedelta(days=3))
    assert pay_again(order).retry_of == order.pk


def test_a_retry_asked_for_again_too_late_is_the_one_that_was_made(failed):
    order = pay_again(failed)
    let_pass(queries.COUPON_KEPT_FOR + MARGIN)
    assert pay_again(failed) == order
