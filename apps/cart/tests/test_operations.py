from threading import Barrier, Thread

import pytest
from django.db import IntegrityError, connection, transaction

from apps.cart import operations
from apps.cart.models import Article, Cart, CartLine, Stock
from apps.cart.tests.factories import (
    OWNER,
    ArticleFactory,
    CartFactory,
    CartLineFactory,
    StockFactory,
    cart_of,
    ended,
    lines_of,
    open_lines,
    placed,
)
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


def version():
    return Cart.objects.get(owner=OWNER, status="open").version


def test_the_first_article_makes_the_cart_and_the_next_finds_it():
    ArticleFactory(sku="a")
    ArticleFactory(sku="b")
    for sku, quantity in [("a", 2), ("b", 1), ("a", 3)]:
        operations.add_line(owner=OWNER, sku=sku, quantity=quantity)
    assert open_lines() == {"a": 5, "b": 1}
    assert Cart.objects.count() == 1
    assert version() == 3


@pytest.mark.parametrize(
    ("had", "asked", "available", "quantity", "notice"),
    [
        (0, 2, None, 2, ""),
        (0, 3, 2, 2, "Only 2 left, we set 2."),
        (1, 1, 2, 2, ""),
        (1, 1, 1, 1, "Only 1 left, we set 1."),  # the same article twice counts together
        (2, 1, 2, 2, "Only 2 left, we set 2."),
        (3, 1, 2, 2, "Only 2 left, we set 2."),
        (98, 2, None, 99, "We sell up to 99 of one article, so we set 99."),
    ],
)
def test_of_a_short_article_one_gets_what_is_left(had, asked, available, quantity, notice):
    ArticleFactory(sku="a")
    cart_of({"a": had} if had else {})
    if available is not None:
        StockFactory(sku="a", available=available)
    put = operations.add_line(owner=OWNER, sku="a", quantity=asked)
    assert (put.quantity, put.notice) == (quantity, notice)
    assert open_lines() == {"a": quantity}


@pytest.mark.parametrize(
    ("sku", "quantity", "refusal"),
    [
        ("unknown", 1, operations.NotSold),
        ("inactive", 1, operations.NotSold),
        ("gone", 1, operations.SoldOut),
        ("a", 0, operations.BadQuantity),
        ("a", -1, operations.BadQuantity),
        ("a", 100, operations.BadQuantity),
    ],
)
def test_what_cannot_be_bought_makes_no_cart(sku, quantity, refusal):
    ArticleFactory(sku="a")
    ArticleFactory(sku="inactive", active=False)
    ArticleFactory(sku="gone")
    StockFactory(sku="gone", available=0)
    with pytest.raises(refusal):
        operations.add_line(owner=OWNER, sku=sku, quantity=quantity)
    assert not Cart.objects.exists()


def test_a_quantity_is_set_and_zero_takes_out():
    cart_of({"a": 1, "b": 1})
    assert operations.set_quantity(owner=OWNER, sku="a", quantity=4).quantity == 4
    operations.set_quantity(owner=OWNER, sku="b", quantity=0)
    assert open_lines() == {"a": 4}
    assert version() == 3


def test_the_quantity_it_has_already_changes_nothing():
    cart_of({"a": 4}, version=7)
    operations.set_quantity(owner=OWNER, sku="a", quantity=4)
    assert version() == 7


def test_another_quantity_accepts_no_new_price_and_adding_more_does():
    """The cart's page may have shown the old one; the article's own shows the new."""
    cart = cart_of({"a": 4})
    Article.objects.update(price="12.00")
    operations.set_quantity(owner=OWNER, sku="a", quantity=3)
    assert cart.lines.get().seen_price == 10
    operations.add_line(owner=OWNER, sku="a", quantity=1)
    assert (cart.lines.get().seen_price, cart.lines.get().quantity) == (12, 4)


def test_adding_to_a_cart_takes_five_statements(django_assert_num_queries):
    cart_of({"a": 1, "b": 1})
    StockFactory(sku="a", available=9)
    ArticleFactory(sku="c")
    for sku in ("a", "c"):
        with django_assert_num_queries(7):  # with a savepoint here where else a transaction is
            operations.add_line(owner=OWNER, sku=sku, quantity=1)


@pytest.mark.parametrize("change", ["set", "zero", "remove"])
def test_nobody_changes_the_cart_of_another(change):
    cart = cart_of({"a": 1}, owner="user:7")
    acts = {
        "set": lambda: operations.set_quantity(owner=OWNER, sku="a", quantity=2),
        "zero": lambda: operations.set_quantity(owner=OWNER, sku="a", quantity=0),
        "remove": lambda: operations.remove_line(owner=OWNER, sku="a"),
    }
    with pytest.raises(operations.NotInCart):
        acts[change]()
    assert lines_of(cart) == {"a": 1}
    assert Cart.objects.count() == 1


def test_an_ordered_cart_is_not_changed():
    cart = cart_of({"a": 1}, status="ordered")
    with pytest.raises(operations.NotInCart):
        operations.remove_line(owner=OWNER, sku="a")
    operations.add_line(owner=OWNER, sku="a", quantity=2)
    assert (lines_of(cart), open_lines()) == ({"a": 1}, {"a": 2})


def test_the_database_keeps_one_open_cart_an_owner_and_sane_lines():
    cart = CartFactory()
    CartFactory(status="closed")
    CartLineFactory(cart=cart, sku="a")
    for make in [
        CartFactory,
        lambda: CartLineFactory(cart=cart, sku="a"),
        lambda: CartLineFactory(cart=cart, sku="b", quantity=0),
        lambda: CartLineFactory(cart=cart, sku="b", quantity=100),
    ]:
        with pytest.raises(IntegrityError), transaction.atomic():
            make()


def test_a_claimed_cart_is_added_to_ones_own_as_far_as_there_is_stock():
    anonymous = cart_of({"a": 2, "b": 60, "c": 2, "gone": 1})
    cart_of({"a": 1, "b": 60, "c": 2}, owner="user:7")
    StockFactory(sku="c", available=3)
    StockFactory(sku="gone", available=0)
    less = operations.claim_carts(anonymous=OWNER, owner="user:7")
    assert open_lines("user:7") == {"a": 3, "b": 99, "c": 3, "gone": 1}
    assert [put.told for put in less] == [
        "Article b: We sell up to 99 of one article, so we set 99.",
        "Article c: Only 3 left, we set 3.",
    ]
    assert open_lines(OWNER) is None
    assert lines_of(anonymous) == {}


def test_claiming_twice_or_nothing_changes_nothing():
    cart_of({"a": 2})
    for _ in range(2):
        operations.claim_carts(anonymous=OWNER, owner="user:7")
    operations.claim_carts(anonymous="cart:none", owner="user:8")
    assert open_lines("user:7") == {"a": 2}
    assert open_lines("user:8") is None


def test_a_failed_order_of_before_signing_in_comes_back_to_the_user():
    cart = cart_of({"a": 2})
    order = placed(cart.pk, {"a": 2})
    drain()
    operations.claim_carts(anonymous=OWNER, owner="user:7")
    ended(order, "failed")
    drain()
    assert open_lines("user:7") == {"a": 2}


@pytest.mark.django_db(transaction=True)
def test_two_adds_at_once_both_count():
    ArticleFactory(sku="a")
    gate = Barrier(4)

    def add():
        gate.wait()
        try:
            operations.add_line(owner=OWNER, sku="a", quantity=2)
        finally:
            connection.close()

    threads = [Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert open_lines() == {"a": 8}
    assert Cart.objects.count() == 1
    assert CartLine.objects.count() == 1
    assert not Stock.objects.exists()
