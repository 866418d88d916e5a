"""The checkout's steps with all apps in their places, by forms alone."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client

from apps.cart.models import Coupon
from apps.inventory.operations import adjust_stock
from apps.orders.models import Order
from apps.users.models import Address
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.cards import GOOD
from shop.tests.factories import ArticleFactory
from shop.tests.forms import Visitor

pytestmark = pytest.mark.django_db(transaction=True)
STEP = "/orders/checkout/{}/"
PLACE = {
    "name": "Ada Lovelace",
    "line1": "1 Harbour Street",
    "line2": "",
    "postcode": "10115",
    "city": "Berlin",
    "country": "DE",
}
CONTACT = PLACE | {"email": "ada@example.com"}
CARD = {"card_number": GOOD, "card_expiry": "12/35", "card_cvc": "123"}
MOST_QUERIES = 12  # of a page


@pytest.fixture
def ada() -> Visitor:
    return Visitor(Client())


def with_cart(visitor: Visitor, sku: str, quantity: int = 2) -> Visitor:
    visitor.client.post("/cart/add/", {"sku": sku, "quantity": quantity})
    visitor.open("/cart/")
    return visitor


def pay(visitor: Visitor) -> None:
    """Without scripts: by payments' own page."""
    visitor.press("Continue", **CARD)
    visitor.press("Continue")


def customer(**place: str) -> Any:
    """Somebody with an account and a default address."""
    user = get_user_model().objects.create_user(email="ada@example.com", name="Ada Lovelace")
    Address.objects.create(user=user, is_default=True, **PLACE | place)
    return user


def test_a_guest_with_a_coupon_goes_from_the_cart_to_a_confirmed_order(ada: Visitor) -> None:
    Coupon.objects.create(code="TEN", kind="percent", amount=10, total_limit=1)
    with_cart(ada, ArticleFactory())
    ada.press("Use coupon", code="ten")
    ada.press("Checkout")
    assert ada.at == STEP.format("address")
    ada.press("Continue", **CONTACT)
    assert ada.at == STEP.format("shipping")
    assert "€22.90 in all" in ada.text  # 20.00 - 2.00 + 4.90
    ada.press("Continue", pick=1)  # express: 12.90
    assert ada.at == STEP.format("payment")
    pay(ada)
    assert ada.at == STEP.format("review")
    assert "Visa ending in <strong>4242</strong>" in ada.text
    assert not any(GOOD in str(one.get_decoded()) for one in Session.objects.all())
    ada.press("Place order · €30.90")
    order = Order.objects.get()
    assert ada.at == f"/orders/{order.pk}/"
    drain()
    order.refresh_from_db()
    assert (order.status, str(order.total), order.coupon) == ("CONFIRMED", "30.90", "TEN")
    assert {name: getattr(order, name) for name in CONTACT} == CONTACT
    assert not any("ada@example.com" in str(one.get_decoded()) for one in Session.objects.all())
    assert violations() == []


def test_with_a_default_address_it_is_the_card_and_the_order(ada: Visitor) -> None:
    ada.client.force_login(customer())
    with_cart(ada, ArticleFactory())
    ada.press("Checkout")
    assert ada.at == STEP.format("payment")
    pay(ada)
    main, _, _ = ada.text.partition("</main>")
    assert 'href="/legal/refunds/"' in main  # said before paying, not in the footer alone
    ada.press("Place order · €24.90")
    order = Order.objects.get()
    assert (order.line1, order.email) == ("1 Harbour Street", "ada@example.com")


def test_a_default_address_elsewhere_asks_for_the_shipping_there(ada: Visitor) -> None:
    ada.client.force_login(customer(country="FR"))
    with_cart(ada, ArticleFactory())
    ada.press("Checkout")
    assert ada.at == STEP.format("shipping")
    assert "€26.90 in all" in ada.text  # 6.90 to France
    ada.open(STEP.format("address"))
    ada.press("Deliver here")
    assert ada.at == STEP.format("shipping")
    ada.press("Continue")
    assert ada.at == STEP.format("payment")


def test_signing_in_on_the_way_takes_the_cart_along_and_asks_for_nothing_twice(
    ada: Visitor,
) -> None:
    with_cart(ada, ArticleFactory())
    ada.press("Checkout")
    ada.press("Continue", **CONTACT)
    ada.client.force_login(customer())
    ada.open("/orders/checkout/")
    assert ada.at == STEP.format("shipping")
    ada.press("Continue")
    assert ada.at == STEP.format("payment")
    pay(ada)
    ada.press("Place order · €24.90")
    assert Order.objects.get().customer_id is not None


def test_a_cart_that_changed_is_accepted_and_leads_back_to_the_review(ada: Visitor) -> None:
    sku = ArticleFactory(units=2)
    with_cart(ada, sku)
    ada.press("Checkout")
    ada.press("Continue", **CONTACT)
    adjust_stock(sku=sku, delta=-1, reason="Broken", by="test")
    drain()
    ada.open(STEP.format("shipping"))
    assert "only 1 left, we set 1." in ada.text
    ada.open("/cart/")
    ada.press("Accept the changes")
    ada.press("Checkout")
    assert ada.at == STEP.format("payment")
    pay(ada)
    ada.press("Place order · €14.90")
    assert Order.objects.get().lines.get().quantity == 1


def test_where_nothing_is_delivered_the_way_leads_on(ada: Visitor) -> None:
    with_cart(ada, ArticleFactory())
    ada.press("Checkout")
    ada.press("Continue", **CONTACT | {"country": "JP"})
    assert "We do not deliver to this country yet." in ada.text
    assert f'href="{STEP.format("address")}">Choose another address' in ada.text
    ada.open(STEP.format("address"))
    assert 'value="1 Harbour Street"' in ada.text
    ada.press("Continue", country="AT")
    assert "€26.90 in all" in ada.text


@pytest.mark.parametrize("signed_in", [False, True], ids=["guest", "signed in"])
def test_no_step_asks_the_database_more_often_than_twelve_times(
    ada: Visitor, signed_in: bool, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    limits = {"total_limit": 9, "customer_limit": 9}
    Coupon.objects.create(code="TEN", kind="percent", amount=10, **limits)
    if signed_in:
        ada.client.force_login(customer())
    with_cart(ada, ArticleFactory())
    ada.press("Use coupon", code="TEN")
    ada.press("Checkout")
    if not signed_in:
        ada.press("Continue", **CONTACT)
        ada.press("Continue")
    pay(ada)
    for step in ("address", "shipping", "payment", "review"):
        with django_assert_max_num_queries(MOST_QUERIES):
            ada.open(STEP.format(step))
        assert ada.at == STEP.format(step)
