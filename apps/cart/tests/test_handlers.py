from datetime import timedelta
from itertools import permutations
from uuid import uuid4

import pytest
from django.utils import timezone

from apps.cart.handlers import StockLevel, know_stock
from apps.cart.models import Article, Cart, CartOrder, Stock
from apps.cart.tests.factories import cart_of, ended, lines_of, open_lines, placed, status_of
from eventbus.testing import drain, emit, redeliver

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LATER = NOW + timedelta(minutes=1)


def state():
    """Everything there is about carts."""
    carts = {cart.pk: (cart.status, cart.version, lines_of(cart)) for cart in Cart.objects.all()}
    return carts, list(CartOrder.objects.values_list("order_id", "status"))


def article(version, price="10.00", sku="MUG", **more):
    body = {
        "product_id": str(uuid4()),
        "sku": sku,
        "title": "Mug",
        "price": price,
        "currency": "EUR",
        "version": version,
        "picture": "/p.svg",
        "url": "/mug/",
        "active": True,
        **more,
    }
    emit("products.changed", body, key=sku)


def stock(available, version, sku="MUG"):
    body = {"sku": sku, "available": available, "version": version}
    emit("inventory.stock_changed", body, key=sku)


def test_the_highest_version_of_an_article_is_kept():
    article(2, "12.00")
    article(1, "10.00")
    drain()
    redeliver("products.changed", key="MUG", subscriber="cart")
    assert [(a.version, str(a.price)) for a in Article.objects.all()] == [(2, "12.00")]
    article(3, "13.00")
    drain()
    assert [(a.version, str(a.price)) for a in Article.objects.all()] == [(3, "13.00")]


def test_the_highest_version_of_the_stock_is_kept():
    stock(5, 2)
    stock(9, 1)
    drain()
    redeliver("inventory.stock_changed", key="MUG", subscriber="cart")
    assert list(Stock.objects.values_list("sku", "available", "version")) == [("MUG", 5, 2)]


def test_the_tax_class_of_an_article_is_known():
    article(1)
    article(1, sku="BREAD", tax_class="reduced")
    drain()
    classes = dict(Article.objects.values_list("sku", "tax_class"))
    assert classes == {"MUG": "standard", "BREAD": "reduced"}


@pytest.mark.parametrize("seed", range(4))
def test_the_news_of_many_articles_is_kept_each_at_its_highest(seed):
    skus = [f"SKU-{n}" for n in range(12)]
    for version in (2, 1, 3, 2):
        for sku in reversed(skus):
            article(version, f"{version}.00", sku=sku)
            stock(version * 10, version, sku=sku)
    drain(seed=seed)
    prices = {str(article.price) for article in Article.objects.filter(sku__in=skus)}
    assert (Article.objects.count(), prices) == (12, {"3.00"})
    assert list(Stock.objects.values_list("available", "version").distinct()) == [(30, 3)]


def test_many_articles_cost_as_many_statements_as_one(django_assert_max_num_queries):
    for n in range(50):
        stock(n, 1, sku=f"SKU-{n}")
    levels = [StockLevel(sku=f"SKU-{n}", available=n, version=2) for n in range(50)]
    drain()
    with django_assert_max_num_queries(5):  # three, and a savepoint around them
        know_stock(levels)
    assert Stock.objects.filter(version=2).count() == 50


def test_an_ordered_cart_holds_its_lines_and_leaves_no_open_one():
    cart = cart_of({"a": 2})
    placed(cart.pk, {"a": 2})
    drain()
    assert (status_of(cart), lines_of(cart)) == ("ordered", {"a": 2})
    assert open_lines() is None


def test_what_was_put_in_after_the_quote_goes_on_in_a_new_cart():
    cart = cart_of({"a": 3, "b": 1, "c": 1})
    placed(cart.pk, {"a": 2, "b": 1})
    drain()
    assert lines_of(cart) == {"a": 2, "b": 1}
    assert open_lines() == {"a": 1, "c": 1}


def test_what_was_taken_out_after_the_quote_is_held_all_the_same():
    cart = cart_of({"a": 1})
    placed(cart.pk, {"a": 2, "b": 1})
    drain()
    assert lines_of(cart) == {"a": 2, "b": 1}
    assert open_lines() is None


def test_a_confirmed_order_takes_its_lines_and_leaves_the_rest():
    cart = cart_of({"a": 2, "c": 1})
    order = placed(cart.pk, {"a": 2})
    ended(order, "confirmed")
    drain()
    assert (status_of(cart), lines_of(cart)) == ("closed", {})
    assert open_lines() == {"c": 1}


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_an_order_that_fails_gives_the_cart_back_intact(how):
    cart = cart_of({"a": 2, "b": 1}, version=5)
    order = placed(cart.pk, {"a": 2, "b": 1}, version=5)
    ended(order, how)
    drain()
    assert (status_of(cart), lines_of(cart)) == ("open", {"a": 2, "b": 1})
    assert Cart.objects.get().version > 5  # or the quote of it would be the failed order's


def test_a_cart_begun_meanwhile_is_added_and_capped():
    cart = cart_of({"a": 60, "b": 1})
    order = placed(cart.pk, {"a": 60, "b": 1})
    drain()
    begun = cart_of({"a": 60, "c": 2})
    ended(order, "failed")
    drain()
    assert (status_of(cart), lines_of(cart)) == ("open", {"a": 99, "b": 1, "c": 2})
    assert (status_of(begun), lines_of(begun)) == ("closed", {})


@pytest.mark.parametrize("how", ["confirmed", "failed", "cancelled"])
def test_a_second_delivery_changes_nothing(how):
    cart = cart_of({"a": 3})
    order = placed(cart.pk, {"a": 2})
    drain()
    before = state()
    redeliver("orders.created", key=order, subscriber="cart")
    assert state() == before
    ended(order, how)
    drain()
    before = state()
    redeliver(f"orders.{how}", key=order, subscriber="cart")
    redeliver("orders.created", key=order, subscriber="cart")
    assert state() == before


def test_the_first_end_of_an_order_stands():
    cart = cart_of({"a": 2})
    order = placed(cart.pk, {"a": 2})
    ended(order, "confirmed")
    ended(order, "cancelled")
    drain()
    assert (status_of(cart), lines_of(cart)) == ("closed", {})
    assert CartOrder.objects.get().status == "confirmed"


def test_the_end_of_an_order_that_is_not_known_changes_nothing():
    cart_of({"a": 2})
    before = state()
    ended(uuid4(), "failed")
    drain()
    assert state() == before


def test_an_order_from_a_cart_that_is_not_known_touches_no_other():
    cart_of({"a": 2})
    order = placed(uuid4(), {"a": 2})
    drain()
    ended(order, "failed")
    drain()
    assert open_lines() == {"a": 2}
    assert CartOrder.objects.get().status == "failed"


def test_a_retry_orders_the_cart_again():
    cart = cart_of({"a": 2})
    order = placed(cart.pk, {"a": 2}, placed_at=NOW)
    ended(order, "failed")
    drain()
    retry = placed(cart.pk, {"a": 2}, retry_of=order, placed_at=LATER)
    drain()
    assert (status_of(cart), open_lines()) == ("ordered", None)
    ended(retry, "confirmed")
    drain()
    assert (status_of(cart), lines_of(cart), open_lines()) == ("closed", {}, None)


ONE, TWO = "one", "two"
HISTORY = [(ONE, "created"), (ONE, "failed"), (TWO, "created"), (TWO, "confirmed")]
ORDERS = [
    order
    for order in permutations(HISTORY)
    if all(order.index((who, "created")) < order.index((who, end)) for who, end in HISTORY[1::2])
]


@pytest.mark.parametrize("history", ORDERS)
@pytest.mark.parametrize("second", [{"a": 2}, {"a": 2, "c": 1}, {"a": 1}])
def test_two_orders_of_a_cart_in_whatever_order_they_are_heard(history, second):
    """A failed, then one with other lines was confirmed: 3 a and 1 c were in the cart when it was
    ordered first, as {a: 2}. What was not sold in the end is in the open cart, once."""
    cart = cart_of({"a": 3, "c": 1})
    ids = {}
    for who, what in history:
        if what == "created":
            lines, at = ({"a": 2}, NOW) if who == ONE else (second, LATER)
            ids[who] = placed(cart.pk, lines, placed_at=at)
        else:
            ended(ids[who], what)
        drain()
    left = {"a": 3 - second["a"], "c": 1 - second.get("c", 0)}
    assert open_lines() == {sku: units for sku, units in left.items() if units}


def test_an_order_of_a_cart_that_was_poured_into_another_is_taken_out_of_that():
    first = cart_of({"a": 1})
    order = placed(first.pk, {"a": 1})
    drain()
    begun = cart_of({"b": 2})
    ended(order, "failed")  # `begun` is poured into `first`, while its quote is being ordered
    drain()
    second = placed(begun.pk, {"b": 2})
    drain()
    assert open_lines() == {"a": 1}
    ended(second, "failed")
    drain()
    assert open_lines() == {"a": 1, "b": 2}


@pytest.mark.parametrize("seed", range(8))
def test_orders_of_many_shoppers_in_any_order(seed):
    carts = [cart_of({"a": 2, "b": 1}, owner=f"cart:{n}") for n in range(4)]
    for cart, how in zip(carts, ["confirmed", "failed", "cancelled", None], strict=True):
        order = placed(cart.pk, {"a": 2})
        if how:
            ended(order, how)
    drain(seed=seed)
    assert [open_lines(cart.owner) for cart in carts] == [
        {"b": 1},
        {"a": 2, "b": 1},
        {"a": 2, "b": 1},
        {"b": 1},
    ]
