import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from apps.cart.models import Article, Cart
from apps.cart.shoppers import owner_of
from apps.cart.tests.factories import (
    OWNER,
    TOKEN,
    ArticleFactory,
    StockFactory,
    cart_of,
    lines_of,
    open_lines,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/cart/"


@pytest.fixture
def stranger():
    return APIClient(enforce_csrf_checks=True)


@pytest.fixture
def shopper(stranger):
    stranger.credentials(HTTP_CART_TOKEN=TOKEN)
    return stranger


def user_model_row():
    User = get_user_model()
    return User.objects.create(**{User.USERNAME_FIELD: "ada@example.com"})


def send(client, method, path, body=None):
    return getattr(client, method)(URL + path, body, format="json")


def test_an_empty_cart_is_shown_and_none_is_made(stranger):
    response = send(stranger, "get", "")
    assert response.json() == {
        "lines": [],
        "count": 0,
        "subtotal": "0.00",
        "currency": "EUR",
        "coupon": None,
        "notices": [],
        "changes": [],
        "changes_id": None,
    }
    assert not response.has_header("Cart-Token")
    assert not Cart.objects.exists()


def test_the_first_add_brings_a_token(stranger):
    ArticleFactory(sku="MUG", title="Mug", price="14.90")
    response = send(stranger, "post", "lines/", {"sku": "MUG", "quantity": 2})
    assert response.status_code == 201
    token = response["Cart-Token"]
    stranger.credentials(HTTP_CART_TOKEN=token)
    again = send(stranger, "post", "lines/", {"sku": "MUG"})
    assert not again.has_header("Cart-Token")
    assert send(stranger, "get", "").json() == {
        "lines": [
            {
                "sku": "MUG",
                "title": "Mug",
                "url": "/products/mug/",
                "picture": "/products/pictures/mug-blue.svg",
                "quantity": 3,
                "unit_price": "14.90",
                "total": "44.70",
                "currency": "EUR",
                "available": None,
                "problem": None,
            }
        ],
        "count": 3,
        "subtotal": "44.70",
        "currency": "EUR",
        "coupon": None,
        "notices": [],
        "changes": [],
        "changes_id": None,
    }
    assert open_lines(owner_of(token)) == {"MUG": 3}


def test_a_token_that_somebody_made_up_gets_a_new_one(stranger):
    ArticleFactory(sku="MUG")
    stranger.credentials(HTTP_CART_TOKEN="guessable")
    response = send(stranger, "post", "lines/", {"sku": "MUG"})
    assert open_lines(owner_of(response["Cart-Token"])) == {"MUG": 1}
    assert open_lines(owner_of("guessable")) is None


def test_more_than_is_left_is_lowered_and_said(shopper):
    cart_of({"MUG": 1})
    StockFactory(sku="MUG", available=2)
    body = send(shopper, "put", "lines/MUG/", {"quantity": 5}).json()
    assert (body["count"], body["notices"]) == (2, ["Only 2 left, we set 2."])


def test_a_line_is_changed_and_taken_out(shopper):
    cart_of({"MUG": 1, "HAT": 1})
    assert send(shopper, "put", "lines/MUG/", {"quantity": 5}).json()["count"] == 6
    assert send(shopper, "patch", "lines/MUG/", {"quantity": 0}).json()["count"] == 1
    assert send(shopper, "delete", "lines/HAT/").status_code == 204
    assert send(shopper, "delete", "lines/HAT/").status_code == 404
    assert open_lines() == {}


BAD = [
    True,
    1.0,
    1.5,
    "2",
    None,
    -1,
    100,
    10**30,
    [],
    {},
]


@pytest.mark.parametrize("quantity", [*BAD, 0])
def test_a_bad_quantity_is_not_added(shopper, quantity):
    ArticleFactory(sku="MUG")
    response = send(shopper, "post", "lines/", {"sku": "MUG", "quantity": quantity})
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["quantity"]
    assert not Cart.objects.exists()


@pytest.mark.parametrize("quantity", BAD)
def test_a_bad_quantity_is_not_set(shopper, quantity):
    cart_of({"MUG": 1})
    assert send(shopper, "put", "lines/MUG/", {"quantity": quantity}).status_code == 400
    assert open_lines() == {"MUG": 1}


@pytest.mark.parametrize("sku", [None, 7.5, "", "M\x00G", "x" * 41, "a b", [], {}, True])
def test_a_bad_sku_is_not_added(shopper, sku):
    assert send(shopper, "post", "lines/", {"sku": sku}).status_code == 400
    assert not Cart.objects.exists()


@pytest.mark.parametrize("body", [[], "text", 7, None])
def test_what_is_no_object_is_refused(shopper, body):
    for path in ["lines/", "quote/"]:
        assert send(shopper, "post", path, body).status_code == 400


@pytest.mark.parametrize(
    ("sku", "status", "code"), [("NONE", 400, "invalid"), ("GONE", 409, "sold_out")]
)
def test_what_cannot_be_bought_is_refused(shopper, sku, status, code):
    ArticleFactory(sku="GONE")
    StockFactory(sku="GONE", available=0)
    response = send(shopper, "post", "lines/", {"sku": sku})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert not Cart.objects.exists()


def test_the_cart_of_another_is_out_of_reach(stranger):
    cart = cart_of({"MUG": 1})
    for token in ["x" * 43, ""]:
        stranger.credentials(HTTP_CART_TOKEN=token)
        assert send(stranger, "get", "").json()["lines"] == []
        assert send(stranger, "put", "lines/MUG/", {"quantity": 2}).status_code == 404
        assert send(stranger, "delete", "lines/MUG/").status_code == 404
        assert send(stranger, "post", "quote/", {"country": "DE"}).status_code == 409
    assert lines_of(cart) == {"MUG": 1}


def test_a_quote_says_what_it_costs(shopper):
    cart_of({"MUG": 3})
    response = send(shopper, "post", "quote/", {"country": "DE"})
    body = response.json()
    assert response.status_code == 200
    assert body.pop("quote").count(":") == 2
    assert body.pop("expires_at").endswith("+00:00")
    assert body == {
        "lines": [
            {
                "sku": "MUG",
                "title": "Article MUG",
                "quantity": 3,
                "unit_price": "10.00",
                "total": "30.00",
                "discount": "0.00",
                "tax_rate": "19",
                "tax": "4.79",
            }
        ],
        "subtotal": "30.00",
        "coupon": None,
        "discount": "0.00",
        "shipping": "4.90",
        "shipping_method": "standard",
        "shipping_tax": "0.78",
        "tax": "5.57",
        "total": "34.90",
        "currency": "EUR",
        "country": "DE",
    }


@pytest.mark.parametrize(
    "body", [{}, {"country": "XX"}, {"country": "DE", "shipping_method": "pigeon"}, {"country": 7}]
)
def test_a_bad_delivery_is_refused(shopper, body):
    cart_of({"MUG": 3})
    assert send(shopper, "post", "quote/", body).status_code == 400


def test_a_quote_of_nothing_is_refused(shopper):
    response = send(shopper, "post", "quote/", {"country": "DE"})
    assert (response.status_code, response.json()["code"]) == (409, "cart_empty")


def test_changes_are_told_and_accepted_before_a_quote(shopper):
    cart_of({"MUG": 3, "HAT": 1, "LMP": 1})
    StockFactory(sku="MUG", available=2)
    Article.objects.filter(sku="HAT").update(active=False)
    Article.objects.filter(sku="LMP").update(price="12.00")
    refused = send(shopper, "post", "quote/", {"country": "DE"})
    body = refused.json()
    assert (refused.status_code, body["code"]) == (409, "cart_changed")
    assert body["changes"] == [
        {"sku": "MUG", "title": "Article MUG", "kind": "short", "before": 3, "now": 2},
        {"sku": "HAT", "title": "Article HAT", "kind": "inactive", "before": 1, "now": 0},
        {"sku": "LMP", "title": "Article LMP", "kind": "price", "before": "10.00", "now": "12.00"},
    ]
    shown = send(shopper, "get", "").json()
    assert (shown["changes"], shown["changes_id"]) == (body["changes"], body["changes_id"])

    stale = send(shopper, "post", "accept/", {"changes_id": "0" * 16})
    assert (stale.status_code, stale.json()["changes_id"]) == (409, body["changes_id"])
    assert open_lines() == {"MUG": 3, "HAT": 1, "LMP": 1}
    agreed = send(shopper, "post", "accept/", {"changes_id": body["changes_id"]})
    assert (agreed.status_code, agreed.json()["changes"]) == (200, [])
    assert open_lines() == {"MUG": 2, "LMP": 1}
    assert send(shopper, "post", "quote/", {"country": "DE"}).json()["subtotal"] == "32.00"


@pytest.mark.parametrize("body", [{}, {"changes_id": None}, {"changes_id": "x" * 65}, []])
def test_what_names_no_changes_is_refused(shopper, body):
    cart_of({"MUG": 3})
    assert send(shopper, "post", "accept/", body).status_code == 400


def test_pick_up_is_only_offered_where_we_are(shopper):
    cart_of({"MUG": 3})
    body = {"country": "DE", "shipping_method": "pickup"}
    assert send(shopper, "post", "quote/", body).json()["shipping"] == "0.00"
    refused = send(shopper, "post", "quote/", body | {"country": "FR"})
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["shipping_method"])


def test_where_we_send_to_can_be_asked(stranger):
    germany = send(stranger, "get", "delivery/").json()[0]
    assert (germany["country"], germany["tax"]) == ("DE", {"standard": "19", "reduced": "7"})
    assert [(m["shipping_method"], m["price"], m["free_over"]) for m in germany["methods"]] == [
        ("standard", "4.90", "60.00"),
        ("express", "12.90", None),
        ("pickup", "0.00", None),
    ]


def test_somebody_with_an_access_token_takes_the_cart_along(shopper):
    user = user_model_row()
    cart_of({"MUG": 2})
    shopper.credentials(
        HTTP_CART_TOKEN=TOKEN, HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(user)}"
    )
    assert send(shopper, "get", "").json()["count"] == 2
    assert open_lines(f"user:{user.pk}") == {"MUG": 2}
    assert open_lines(OWNER) is None
    response = send(shopper, "post", "lines/", {"sku": "MUG"})
    assert not response.has_header("Cart-Token")
    assert open_lines(f"user:{user.pk}") == {"MUG": 3}
