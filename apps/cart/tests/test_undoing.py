"""Taking out and putting back, and how scripts are answered."""

import re

import pytest

from apps.cart import operations
from apps.cart.models import Cart
from apps.cart.shoppers import COOKIE
from apps.cart.tests.factories import (
    OWNER,
    TOKEN,
    ArticleFactory,
    CouponFactory,
    StockFactory,
    cart_of,
    open_lines,
)

pytestmark = pytest.mark.django_db
SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def shopper(client):
    client.cookies[COOKIE] = TOKEN
    return client


def page(response):
    return " ".join(response.content.decode().split())


def hidden(response):
    """What the form of "Undo" sends."""
    form = page(response).partition('action="/cart/undo/')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(sku|quantity)" value="(.+?)"', form))


def test_what_is_taken_out_is_offered_back_and_two_clicks_are_one(shopper):
    cart_of({"MUG": 3})
    gone = shopper.post("/cart/lines/MUG/remove/", follow=True)
    assert hidden(gone) == {"sku": "MUG", "quantity": "3"}
    for _ in range(2):
        back = shopper.post("/cart/undo/", hidden(gone), follow=True)
        assert "3 × Article MUG in your cart." in page(back)
        assert open_lines() == {"MUG": 3}


def test_no_quantity_takes_out_as_well(shopper):
    cart_of({"MUG": 3})
    gone = shopper.post("/cart/lines/MUG/", {"quantity": 0}, follow=True)
    assert (hidden(gone)["quantity"], open_lines()) == ("3", {})


def test_as_many_come_back_as_are_left(shopper):
    cart_of({"MUG": 3})
    gone = shopper.post("/cart/lines/MUG/remove/", follow=True)
    StockFactory(sku="MUG", available=2)
    back = shopper.post("/cart/undo/", hidden(gone), follow=True)
    assert "Article MUG: Only 2 left, we set 2." in page(back)
    assert open_lines() == {"MUG": 2}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"sku": "GONE", "quantity": 1}, "sold out"),
        ({"sku": "NONE", "quantity": 1}, "no longer sold"),
        ({"sku": "MUG", "quantity": 0}, "cannot be put back"),
        ({"sku": "MUG", "quantity": "9" * 30}, "cannot be put back"),
        ({"sku": "M\x00G", "quantity": 1}, "cannot be put back"),
        ({}, "cannot be put back"),
    ],
)
def test_what_cannot_come_back_changes_nothing_and_makes_no_cart(client, sent, said):
    ArticleFactory(sku="MUG")
    StockFactory(sku=ArticleFactory(sku="GONE").sku, available=0)
    assert said in page(client.post("/cart/undo/", sent, follow=True))
    assert COOKIE not in client.cookies
    assert not Cart.objects.exists()


def test_a_full_cart_takes_nothing_back(monkeypatch):
    cart_of({"MUG": 1})
    ArticleFactory(sku="HAT")
    monkeypatch.setattr("apps.cart.operations.filling.MOST_LINES", 1)
    with pytest.raises(operations.CartFull):
        operations.put_back(owner=OWNER, sku="HAT", quantity=1)
    assert open_lines() == {"MUG": 1}


def test_a_script_gets_the_cart_and_what_is_told_and_the_header_hears_of_it(shopper):
    cart_of({"MUG": 3})
    response = shopper.post("/cart/lines/MUG/remove/", headers=SCRIPT)
    said = page(response)
    assert (response.status_code, response["HX-Trigger"]) == (200, "news")
    assert said.startswith('<div class="stack" id="cart"')
    told = said.partition('<div id="messages" hx-swap-oob="innerHTML">')[2]
    assert "Article MUG is taken out." in told
    assert " autofocus>Undo<" in told
    assert "taken out" not in page(shopper.get("/cart/"))  # told once


def test_a_script_that_adds_stays_where_it_is(client):
    ArticleFactory(sku="MUG")
    response = client.post("/cart/add/", {"sku": "MUG", "quantity": 2}, headers=SCRIPT)
    assert (response["HX-Trigger"], 'id="cart"' in page(response)) == ("news", False)
    assert "2 × Article MUG in your cart." in page(response)
    assert 'href="/cart/">Go to your cart' in page(response)
    refused = client.post("/cart/add/", {"sku": "MUG", "quantity": 0}, headers=SCRIPT)
    assert "from 1 to 99" in page(refused)
    assert "Go to your cart" not in page(refused)
    assert len(response.cookies[COOKIE].value) == 43


@pytest.mark.parametrize(
    ("path", "sent", "focused"),
    [
        ("undo/", {"sku": "MUG", "quantity": 1}, 'id="quantity-MUG"'),
        ("coupon/", {"code": "TEN"}, ">Remove coupon"),
        ("coupon/remove/", {}, 'id="coupon"'),
    ],
)
def test_the_focus_goes_on_where_the_used_button_is_gone(shopper, path, sent, focused):
    cart_of({"MUG": 1})
    CouponFactory()
    said = page(shopper.post(f"/cart/{path}", sent, headers=SCRIPT))
    (element,) = re.findall(r"<[^<]* autofocus>[^<]*", said)
    assert focused in element


def test_back_asks_for_a_whole_page(shopper):
    whole = shopper.get("/cart/", headers=SCRIPT | {"HX-History-Restore-Request": "true"})
    assert page(whole).startswith("<!doctype html>")
