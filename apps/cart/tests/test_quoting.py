"""The offer for a cart, and what has to be accepted before it is made."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import signing
from django.utils import timezone

from apps.cart import operations, queries
from apps.cart.events import Quote
from apps.cart.models import Article, Cart, Stock
from apps.cart.tests.factories import (
    OWNER,
    CartFactory,
    StockFactory,
    cart_of,
    lines_of,
    open_lines,
    quote,
)
from eventbus.schema import decode

pytestmark = pytest.mark.django_db


def changed_cart():
    """One line of each: as it was, gone, sold out, short and dearer, dearer."""
    cart = cart_of({"fine": 1, "inactive": 1, "gone": 1, "short": 3, "dear": 2}, version=4)
    Article.objects.filter(sku="inactive").update(active=False, price="99.00")
    Article.objects.filter(sku__in=["short", "dear"]).update(price="12.00")
    for sku, available in [("fine", 1), ("gone", 0), ("short", 2)]:
        StockFactory(sku=sku, available=available)
    return cart


def test_a_quote_says_what_the_cart_costs(settings):
    settings.QUOTE_KEYS = ["new", "old"]
    cart = cart_of({"a": 2, "b": 1}, version=4)
    Article.objects.filter(sku="a").update(price="14.90", version=6)
    cart.lines.filter(sku="a").update(seen_price="14.90")
    signed = quote()
    read = decode(Quote, signing.loads(signed.token, key="new", salt="cart.quote.v1"))
    assert read == signed.quote
    assert (read.owner, read.cart_id, read.cart_version) == (OWNER, cart.pk, 4)
    assert [
        (line.sku, line.quantity, line.unit_price, line.price_version) for line in read.lines
    ] == [("a", 2, Decimal("14.90"), 6), ("b", 1, Decimal("10.00"), 1)]
    # 29.80 + 10.00; tax of 19 in 119: 4.7580 + 1.5966 + 0.7824 of 4.90 shipping, each rounded
    assert [(line.discount, line.tax_rate, line.tax) for line in read.lines] == [
        (Decimal("0.00"), 19, Decimal("4.76")),
        (Decimal("0.00"), 19, Decimal("1.60")),
    ]
    assert (read.subtotal, read.shipping, read.total) == (
        Decimal("39.80"),
        Decimal("4.90"),
        Decimal("44.70"),
    )
    assert (read.tax, read.shipping_tax) == (Decimal("7.14"), Decimal("0.78"))
    assert (read.discount, read.coupon) == (Decimal("0.00"), None)
    assert (read.currency, read.country, read.shipping_method) == ("EUR", "DE", "standard")
    left = read.expires_at - timezone.now()
    assert timedelta(minutes=14) < left <= settings.QUOTE_LIFETIME


def test_an_unchanged_cart_is_quoted_under_the_same_version():
    cart_of({"a": 1}, version=4)
    assert quote().quote.cart_version == quote(country="FR").quote.cart_version == 4
    operations.add_line(owner=OWNER, sku="a", quantity=1)
    assert quote().quote.cart_version == 5


def test_nothing_is_quoted_of_an_empty_cart():
    CartFactory()
    for owner in (OWNER, None, "user:7"):
        with pytest.raises(operations.EmptyCart):
            quote(owner)


def test_a_reduced_tax_class_is_taxed_less():
    cart_of({"a": 1})
    Article.objects.update(tax_class="reduced")
    [line] = quote().quote.lines
    assert (line.tax_rate, line.tax) == (7, Decimal("0.65"))  # 10.00 × 7 / 107 = 0.6542


def test_a_quote_tells_every_change_and_is_not_made():
    changed_cart()
    with pytest.raises(operations.CartChanged) as refusal:
        quote()
    assert [(c.sku, c.kind, c.before, c.now) for c in refusal.value.cart.changes] == [
        ("inactive", "inactive", 1, 0),
        ("gone", "sold_out", 1, 0),
        ("short", "short", 3, 2),
        ("short", "price", Decimal("10.00"), Decimal("12.00")),
        ("dear", "price", Decimal("10.00"), Decimal("12.00")),
    ]


def test_an_article_nobody_told_of_cannot_be_bought():
    cart_of({"a": 1})
    Article.objects.all().delete()
    with pytest.raises(operations.CartChanged):
        quote()


def accept(changes_id, owner=OWNER):
    operations.accept_changes(owner=owner, changes_id=changes_id)


def test_what_was_accepted_is_quoted():
    cart = changed_cart()
    accept(queries.contents(OWNER).changes_id)
    assert lines_of(cart) == {"fine": 1, "short": 2, "dear": 2}
    assert (quote().quote.subtotal, quote().quote.cart_version) == (Decimal("58.00"), 5)


def test_what_was_not_seen_is_not_accepted():
    cart = changed_cart()
    seen = queries.contents(OWNER).changes_id
    Stock.objects.filter(sku="short").update(available=1)
    for changes_id in (seen, "", "x" * 16):
        with pytest.raises(operations.CartChanged):
            accept(changes_id)
    assert lines_of(cart)["short"] == 3
    assert Cart.objects.get().version == 4


def test_accepting_nothing_changes_nothing():
    cart_of({"a": 1}, version=4)
    accept("")
    assert Cart.objects.get().version == 4
    CartFactory(owner="user:8")
    for owner in ("user:7", "user:8", None):
        with pytest.raises(operations.EmptyCart):
            accept("", owner=owner)


def test_a_cart_of_which_nothing_is_left_is_empty_after_accepting():
    cart_of({"a": 1})
    StockFactory(sku="a", available=0)
    accept(queries.contents(OWNER).changes_id)
    assert open_lines() == {}
