"""After an order that ended without a sale: paid again, or ordered again, by whoever comes back."""

from decimal import Decimal

import pytest

from apps.cart.models import Cart
from apps.orders.models import Order
from apps.payments.models import GatewayCharge
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.cards import NO_FUNDS
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)
SEEDS = range(3)
ACCOUNT = {"email": "ada@example.com", "password": "an analytical engine"}


def sign_in(shopper: Shopper) -> None:
    """Make an account and use it from now on; the cart token stays with the browser."""
    assert shopper.ask("POST", "users/", ACCOUNT).status == 201
    answer = shopper.ask("POST", "users/token/", ACCOUNT)
    shopper.headers["Authorization"] = f"Bearer {answer.body['access']}"


def declined_by(shopper: Shopper, sku: str, seed: int) -> tuple[str, str]:
    """(id, Order-Token) of an order whose card was declined."""
    shopper.add(sku)
    answer = shopper.order(shopper.quote(), shopper.card(NO_FUNDS))
    drain(seed=seed)
    assert shopper.status(answer.body["id"]) == "FAILED"
    return answer.body["id"], answer.body["access_token"]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_guest_who_signed_in_since_pays_again(seed: int) -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    failed, token = declined_by(ada, sku, seed)
    sign_in(ada)
    assert ada.cart() == {sku: 1}
    ada.headers["Order-Token"] = token
    paid = ada.retry(failed)
    del ada.headers["Order-Token"]
    drain(seed=seed)
    assert ada.status(paid) == "CONFIRMED"
    assert [order["id"] for order in ada.get("orders/")["results"]] == [paid]
    assert ada.cart() == {}
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mails_link_pays_again_on_another_device(seed: int) -> None:
    sku, ada, phone = ArticleFactory(units=1), Shopper(), Shopper()
    failed, token = declined_by(ada, sku, seed)
    phone.add(ArticleFactory())
    assert phone.ask("GET", f"orders/{failed}/").status == 404
    phone.headers["Order-Token"] = token
    paid = phone.retry(failed)
    drain(seed=seed)
    del phone.headers["Order-Token"]
    assert phone.status(paid) == "CONFIRMED"
    assert ada.ask("GET", f"orders/{paid}/").status == 404
    assert ada.cart() == {}
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_an_unchanged_cart_is_ordered_anew_after_each_end_without_a_sale(seed: int) -> None:
    """No quote of the reopened cart may lead to the order that has ended."""
    sku, ada = ArticleFactory(units=1), Shopper()
    declined, _ = declined_by(ada, sku, seed)
    cancelled = ada.check_out()
    ada.cancel(cancelled)
    drain(seed=seed)
    assert ada.cart() == {sku: 1}
    paid = ada.check_out()
    drain(seed=seed)
    assert len({declined, cancelled, paid}) == 3
    assert [ada.status(order) for order in (declined, cancelled, paid)] == [
        "FAILED",
        "CANCELLED",
        "CONFIRMED",
    ]
    assert ada.cart() == {}
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_paying_again_and_ordering_again_at_once_sell_once(seed: int) -> None:
    """Both from the same cart, whose next quote is made before the retry."""
    sku, ada = ArticleFactory(units=2), Shopper()
    failed, _ = declined_by(ada, sku, seed)
    quote, card = ada.quote(), ada.card()
    retried = ada.retry(failed)
    refused = ada.order(quote, card)
    assert refused.status == 409
    assert retried in str(refused.body)
    drain(seed=seed)
    assert ada.order(quote, card).status == 409  # sold is sold
    assert Order.objects.filter(status="CONFIRMED").count() == 1
    assert GatewayCharge.objects.filter(status="captured").count() == 1
    assert ada.cart() == {}
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
def test_signing_in_while_an_order_is_paid_loses_nothing(seed: int) -> None:
    sku, other, ada = ArticleFactory(units=1), ArticleFactory(), Shopper()
    order = ada.buy(sku, card=NO_FUNDS)
    ada.add(other)
    sign_in(ada)
    ada.cart()  # claims the carts
    drain(seed=seed)
    assert ada.cart() == {sku: 1, other: 1}
    assert Cart.objects.filter(status="open").count() == 1
    paid = ada.check_out()
    drain(seed=seed)
    assert ada.status(paid) == "CONFIRMED"
    assert Decimal(ada.look(paid)["refunded"]) == 0
    assert order != paid
    assert violations() == []
