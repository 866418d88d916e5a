"""An order of once goes into the cart again, as far as it can be had."""

from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from rest_framework.test import APIClient

from apps.cart import operations
from apps.cart.models import MOST_LINES, Cart
from apps.cart.shoppers import COOKIE, owner_of
from apps.cart.tests.factories import (
    OWNER,
    TOKEN,
    ArticleFactory,
    StockFactory,
    cart_of,
    open_lines,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/cart/again/"


@pytest.fixture(autouse=True)
def _articles():
    for sku in ("FINE", "SHORT"):
        ArticleFactory(sku=sku)
    ArticleFactory(sku="OLD", active=False)
    ArticleFactory(sku="GONE")
    StockFactory(sku="SHORT", available=2)
    StockFactory(sku="GONE", available=0)


def add(*lines):
    wanted = [SimpleNamespace(sku=sku, quantity=quantity) for sku, quantity in lines]
    return operations.add_again(owner=OWNER, lines=wanted)


def test_what_can_be_had_is_added_and_the_rest_told():
    cart_of({"SHORT": 1}, version=4)
    result = add(("FINE", 2), ("SHORT", 2), ("OLD", 1), ("GONE", 1), ("NONE", 1), ("FINE", 1))
    assert open_lines() == {"FINE": 3, "SHORT": 2}
    assert [(put.sku, put.quantity, put.notice) for put in result.added] == [
        ("FINE", 3, ""),
        ("SHORT", 2, "Only 2 left, we set 2."),
    ]
    assert [(lack.sku, lack.title, lack.reason) for lack in result.missing] == [
        ("OLD", "Article OLD", "inactive"),
        ("GONE", "Article GONE", "sold_out"),
        ("NONE", "NONE", "inactive"),
    ]


def test_a_full_cart_takes_no_other_article(client):
    cart_of({f"SKU-{n}": 1 for n in range(MOST_LINES - 1)})
    ArticleFactory(sku="LAST")
    result = add(("FINE", 1), ("LAST", 1), ("SKU-0", 1))
    assert [put.sku for put in result.added] == ["FINE", "SKU-0"]
    assert [(lack.sku, lack.reason) for lack in result.missing] == [("LAST", "cart_full")]
    with pytest.raises(operations.CartFull):
        operations.add_line(owner=OWNER, sku="LAST", quantity=1)
    operations.add_line(owner=OWNER, sku="FINE", quantity=1)
    assert len(open_lines()) == MOST_LINES
    client.cookies[COOKIE] = TOKEN
    shown = page(client.post("/cart/add/", {"sku": "LAST", "quantity": 1}, follow=True))
    assert "A cart takes up to 100 different articles." in shown
    answer = client.post(
        "/api/v1/cart/lines/",
        {"sku": "LAST"},
        "application/json",
        headers={"Cart-Token": TOKEN},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_full")


def test_nothing_to_be_had_makes_no_cart():
    result = add(("OLD", 1), ("GONE", 1))
    assert (result.added, len(result.missing)) == ([], 2)
    assert not Cart.objects.exists()


def test_a_stranger_gets_a_cart_by_the_api():
    client = APIClient()
    lines = [{"sku": "FINE", "quantity": 2}, {"sku": "OLD", "quantity": 1}]
    response = client.post(URL, {"lines": lines}, format="json")
    body = response.json()
    assert response.status_code == 200
    assert body["added"] == [{"sku": "FINE", "quantity": 2}]
    assert body["missing"] == [{"sku": "OLD", "title": "Article OLD", "reason": "inactive"}]
    assert body["count"] == 2
    assert open_lines(owner_of(response["Cart-Token"])) == {"FINE": 2}


def test_a_stranger_gets_no_token_for_nothing():
    response = APIClient().post(URL, {"lines": [{"sku": "OLD", "quantity": 2}]}, format="json")
    assert (response.status_code, response.json()["added"]) == (200, [])
    assert not response.has_header("Cart-Token")
    assert not Cart.objects.exists()


FINE = {"sku": "FINE", "quantity": 1}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lines": []},
        {"lines": None},
        {"lines": "FINE"},
        {"lines": FINE},
        {"lines": [FINE] * (MOST_LINES + 1)},
        {"lines": [FINE, "FINE"]},
        {"lines": [{"sku": "FINE"}]},
        {"lines": [{"sku": "FINE", "quantity": 0}]},
        {"lines": [{"sku": "FINE", "quantity": "2"}]},
        {"lines": [{"sku": "F\x00", "quantity": 2}]},
        [],
    ],
)
def test_lines_that_are_none_are_refused(body):
    assert APIClient().post(URL, body, format="json").status_code == 400
    assert not Cart.objects.exists()


def page(response):
    return " ".join(response.content.decode().split())


def test_the_button_of_an_order_fills_the_cart(client):
    request = RequestFactory().get("/")
    context = Context({"request": request, "csrf_token": "x", "lines": [FINE]})
    button = Template('{% slot "order.again" lines=lines %}').render(context)
    for part in ('action="/cart/again/"', 'value="FINE"', "csrfmiddlewaretoken", "Order again"):
        assert part in button
    sent = {"sku": ["FINE", "SHORT", "OLD"], "quantity": ["2", "3", "1"]}
    shown = page(client.post("/cart/again/", sent, follow=True))
    assert "2 articles put into your cart." in shown
    assert "Article SHORT: Only 2 left, we set 2." in shown
    assert "Article OLD: no longer sold." in shown
    assert open_lines(owner_of(client.cookies[COOKIE].value)) == {"FINE": 2, "SHORT": 2}


@pytest.mark.parametrize("lines", [[], [FINE] * (MOST_LINES + 1)])
def test_an_order_of_nothing_or_of_too_much_has_no_button(lines):
    request = RequestFactory().get("/")
    context = Context({"request": request, "csrf_token": "x", "lines": lines})
    assert Template('{% slot "order.again" lines=lines %}').render(context) == ""


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"sku": "FINE"},
        {"sku": "FINE", "quantity": "none"},
        {"sku": ["FINE", "x" * 41], "quantity": ["1", "1"]},
        {"sku": ["FINE"] * (MOST_LINES + 1), "quantity": ["1"] * (MOST_LINES + 1)},
    ],
)
def test_a_form_that_is_none_fills_nothing(client, sent):
    client.cookies[COOKIE] = TOKEN
    shown = page(client.post("/cart/again/", sent, follow=True))
    assert "cannot be ordered again" in shown
    assert not Cart.objects.exists()
