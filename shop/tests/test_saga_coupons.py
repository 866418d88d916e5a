"""A coupon on its way through the shop: held by the offer, used by the order, given back."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.cart.models import Coupon, CouponUse
from apps.orders.models import Order
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.cards import NO_FUNDS
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper
from shop.tests.test_saga_again import sign_in

pytestmark = pytest.mark.django_db(transaction=True)
SEEDS = range(3)


@pytest.fixture(autouse=True)
def _one_use() -> None:
    Coupon.objects.create(code="LAST", kind="percent", amount=10, total_limit=1)


def with_coupon(sku: str) -> Shopper:
    ada = Shopper()
    ada.add(sku, 2)
    assert ada.ask("PUT", "cart/coupon/", {"code": "last"}).status == 200
    return ada


def refused(sku: str) -> Any:
    """What another shopper is told who would like to use it."""
    ben = Shopper()
    ben.add(sku)
    answer = ben.ask("POST", "cart/quote/", {"country": "DE", "coupon": "LAST"})
    return answer.body.get("code")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sale_uses_it_up(seed: int) -> None:
    sku = ArticleFactory()
    ada = with_coupon(sku)
    order = ada.check_out()
    drain(seed=seed)
    assert ada.status(order) == "CONFIRMED"
    placed = Order.objects.get()
    assert (placed.coupon, str(placed.discount), str(placed.total)) == ("LAST", "2.00", "22.90")
    assert refused(sku) == "coupon_used_up"
    assert ada.cancel(order).status == 200
    drain(seed=seed)
    assert refused(sku) is None
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_after_a_declined_card_it_is_there_for_the_next(seed: int) -> None:
    sku = ArticleFactory()
    ada = with_coupon(sku)
    declined = ada.check_out(card=NO_FUNDS)
    drain(seed=seed)
    assert ada.get("cart/")["coupon"] == "LAST"
    assert refused(sku) == "coupon_used_up"
    paid = ada.retry(declined)
    drain(seed=seed)
    assert (ada.status(paid), ada.look(paid)["discount"]) == ("CONFIRMED", "2.00")
    assert list(CouponUse.objects.values_list("status", flat=True)) == ["used"]
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_shopper_who_does_not_come_back_lets_go_of_it(seed: int) -> None:
    sku = ArticleFactory()
    ada = with_coupon(sku)
    ada.quote()
    assert refused(sku) == "coupon_used_up"
    CouponUse.objects.update(held_until=timezone.now() - timedelta(seconds=1))
    assert refused(sku) is None
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_signing_in_right_after_ordering_gives_no_second_use(seed: int) -> None:
    Coupon.objects.update(total_limit=None, customer_limit=1)
    sku = ArticleFactory()
    ada = with_coupon(sku)
    ada.check_out()
    sign_in(ada)
    ada.cart()  # claims the carts, before the cart has heard of the order
    drain(seed=seed)
    ada.add(sku)
    again = ada.ask("POST", "cart/quote/", {"country": "DE", "coupon": "LAST"})
    assert again.body["code"] == "coupon_used_by_you"
    assert violations() == []


def test_an_order_fills_the_cart_again(client: Any) -> None:
    sku = ArticleFactory()
    ada = Shopper()
    order = ada.buy(sku, 2)
    drain()
    client.cookies["cart_token"] = ada.headers["Cart-Token"]
    shown = client.get(f"/orders/{order}/").content.decode()
    assert 'action="/cart/again/"' in shown
    client.post("/cart/again/", {"sku": [sku], "quantity": ["2"]})
    assert ada.cart() == {sku: 2}
