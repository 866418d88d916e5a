"""What other apps' pages show of the cart."""

import re

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from apps.cart import slots
from apps.cart.models import Cart
from apps.cart.shoppers import COOKIE
from apps.cart.tests.factories import (
    TOKEN,
    cart_of,
)

pytestmark = pytest.mark.django_db


def request(cookies=None):
    made = RequestFactory().get("/", headers={})
    made.COOKIES.update(cookies or {})
    made.get_owner = lambda: None
    return made


def test_the_header_counts_units_and_makes_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert 'class="badge"' not in slots.header(request())
    cart_of({"MUG": 3, "HAT": 1})
    with django_assert_num_queries(1):
        shown = slots.header(request({COOKIE: TOKEN}))
    assert re.search(r'class="badge">4<', shown)
    assert Cart.objects.count() == 1


def test_the_buy_form_follows_the_stock():
    assert 'max="99"' in slots.buy(request(), sku="MUG", available=None)
    assert 'max="3"' in slots.buy(request(), sku="MUG", available=3)
    gone = slots.buy(request(), sku="MUG", available=0)
    assert "<form" not in gone
    assert "Sold out" in gone


def test_the_slots_are_declared():
    made = request()
    context = Context({"request": made, "csrf_token": "x"})
    shown = Template('{% slot "product.buy" sku="MUG" available=3 %}').render(context)
    assert 'name="sku" value="MUG"' in shown
    assert "csrfmiddlewaretoken" in shown


def test_the_headers_link_can_be_asked_for_alone(client):
    html = client.get("/cart/header/").content.decode()
    assert html.startswith("<a ")
    assert 'href="/cart/"' in html


def test_other_pages_lead_back_to_the_cart():
    html = Template('{% slot "cart.link" %}').render(
        Context({"request": RequestFactory().get("/")})
    )
    assert '<a class="button secondary" href="/cart/">Back to your cart</a>' in html
