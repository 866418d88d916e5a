"""The ways of delivery at the checkout: each is an offer of its own."""

import re
from decimal import Decimal

import pytest
from django.core import signing
from django.test import RequestFactory

from apps.cart import operations, slots
from apps.cart.events import Quote
from apps.cart.models import Article, CouponUse
from apps.cart.shoppers import COOKIE
from apps.cart.tests.factories import (
    OWNER,
    TOKEN,
    CouponFactory,
    StockFactory,
    cart_of,
    open_lines,
)
from eventbus.schema import decode

pytestmark = pytest.mark.django_db


def request(owner=None):
    made = RequestFactory().get("/")
    made.COOKIES[COOKIE] = TOKEN
    made.get_owner = lambda: owner
    return made


def shown(country="DE", method="", owner=None):
    return slots.shipping(
        request(owner), country=country, method=method, label="Go <on>", address="/else/"
    )


def offers_in(html, key):
    """[(checked, quote)] as the radio buttons have them."""
    found = re.findall(
        r'<input type="radio" name="quote" value="([^"]+)" required( checked)?>', html
    )
    return [
        (bool(checked), decode(Quote, signing.loads(token, key=key, salt="cart.quote.v1")))
        for token, checked in found
    ]


def test_each_method_of_the_country_is_an_offer_with_its_price_and_total(settings):
    cart = cart_of({"a": 2}, version=4)  # 20.00
    html = shown(method="express")
    offers = offers_in(html, settings.QUOTE_KEYS[0])
    assert [
        (checked, quote.shipping_method, quote.shipping, quote.total) for checked, quote in offers
    ] == [
        (False, "standard", Decimal("4.90"), Decimal("24.90")),
        (True, "express", Decimal("12.90"), Decimal("32.90")),
        (False, "pickup", Decimal("0.00"), Decimal("20.00")),
    ]
    for text in ("Standard", "€4.90", "€24.90 in all", "Free", "€20.00 in all", "Go &lt;on&gt;"):
        assert text in html
    for _, quote in offers:
        assert (quote.owner, quote.cart_id, quote.cart_version) == (OWNER, cart.pk, 4)
        assert quote.country == "DE"


@pytest.mark.parametrize("method", ["", "pickup", "nonsense"])
def test_the_usual_method_is_chosen_where_the_other_is_not_offered(settings, method):
    cart_of({"a": 2})
    offers = offers_in(shown("FR", method), settings.QUOTE_KEYS[0])
    assert [(checked, quote.shipping_method) for checked, quote in offers] == [
        (True, "standard"),
        (False, "express"),
    ]


@pytest.mark.parametrize("country", ["JP", "", "xx", "x" * 500])
def test_where_nothing_is_delivered_it_is_said_with_a_way_on(country):
    cart_of({"a": 2})
    html = shown(country)
    assert "We do not deliver to this country yet." in html
    assert '<a class="button secondary" href="/else/">' in html
    assert "<button" not in html


def test_all_offers_together_hold_one_use_of_a_coupon(settings, django_assert_num_queries):
    CouponFactory(total_limit=1)
    cart = cart_of({"a": 2}, coupon="TEN")
    with django_assert_num_queries(
        8
    ):  # 3 for the cart, the coupon, 1 for its uses, and a savepoint
        made = operations.make_quotes(owner=OWNER, country="DE")
    assert [signed.quote.discount for signed in made] == [Decimal("2.00")] * 3
    use = CouponUse.objects.get()
    assert (use.cart_id, use.cart_version, use.owner) == (cart.pk, cart.version, OWNER)
    assert use.held_until > max(signed.quote.expires_at for signed in made)


def test_a_coupon_that_is_refused_leads_to_the_cart():
    CouponFactory(minimum="20.01")
    cart_of({"a": 2}, coupon="TEN")
    html = shown()
    assert "This coupon needs articles for €20.01 or more: €0.01 to go." in html
    assert 'href="/cart/"' in html
    assert "<button" not in html
    assert not CouponUse.objects.exists()


def test_what_has_changed_leads_to_the_cart():
    cart_of({"a": 3, "b": 1})
    StockFactory(sku="a", available=2)
    Article.objects.filter(sku="b").update(price="12.00")
    html = shown()
    assert "only 2 left, we set 2." in html
    assert "the price is €12.00 now, it was €10.00." in html
    assert 'href="/cart/"' in html
    assert "<button" not in html
    assert open_lines() == {"a": 3, "b": 1}


def test_an_empty_cart_is_said():
    html = shown()
    assert "Your cart is empty." in html
    assert "<button" not in html


def test_who_has_signed_in_meanwhile_gets_the_cart_as_their_own(settings):
    cart_of({"a": 2})
    cart_of({"a": 9}, owner="user:7")
    StockFactory(sku="a", available=10)
    html = shown(owner="user:7")
    assert {quote.owner for _, quote in offers_in(html, settings.QUOTE_KEYS[0])} == {"user:7"}
    assert open_lines("user:7") == {"a": 10}
    assert 'class="notice warning">' in html  # of eleven they got ten
