"""Coupons by API and page: entered, refused in plain words, taken out, and not to be guessed."""

import pytest
from django.core.cache import cache
from rest_framework.test import APIClient

from apps.cart import tries
from apps.cart.models import Cart, CouponUse
from apps.cart.shoppers import COOKIE
from apps.cart.tests.factories import OWNER, TOKEN, CouponFactory, cart_of, open_lines

pytestmark = pytest.mark.django_db
URL = "/api/v1/cart/"
TRIES = 3


@pytest.fixture
def api():
    client = APIClient()
    client.credentials(HTTP_CART_TOKEN=TOKEN)
    return client


@pytest.fixture
def shopper(client):
    client.cookies[COOKIE] = TOKEN
    return client


@pytest.fixture(autouse=True)
def _three_tries(monkeypatch, settings):
    """In a minute that does not end in the middle of a test."""
    settings.THROTTLES = {**settings.THROTTLES, "coupon": f"{TRIES}/min"}
    monkeypatch.setattr(tries, "time", lambda: 1_000_000_000)
    tries.here.clear()


def send(api, method, path, body=None, **headers):
    return getattr(api, method)(URL + path, body, format="json", **headers)


def page(response):
    return " ".join(response.content.decode().split())


def enter(client, code):
    return page(client.post("/cart/coupon/", {"code": code}, follow=True))


def test_a_coupon_is_put_in_shown_quoted_and_taken_out(api):
    CouponFactory()
    cart_of({"MUG": 3})
    put = send(api, "put", "coupon/", {"code": "ten"})
    assert (put.status_code, put.json()["coupon"]) == (200, "TEN")
    assert send(api, "get", "").json()["coupon"] == "TEN"
    body = send(api, "post", "quote/", {"country": "DE"}).json()
    # 27.00 × 19 / 119 = 4.3109, and 0.78 in 4.90
    assert [body[name] for name in ("coupon", "discount", "tax", "total")] == [
        "TEN",
        "3.00",
        "5.09",
        "31.90",
    ]
    assert body["lines"][0]["discount"] == "3.00"
    for _ in range(2):
        assert send(api, "delete", "coupon/").status_code == 204
    assert send(api, "post", "quote/", {"country": "DE"}).json()["discount"] == "0.00"


def test_a_quote_can_bring_its_coupon(api):
    CouponFactory()
    cart_of({"MUG": 3})
    quote = {"country": "DE"}
    assert send(api, "post", "quote/", quote | {"coupon": " ten "}).json()["coupon"] == "TEN"
    assert send(api, "post", "quote/", quote).json()["coupon"] == "TEN"
    assert send(api, "post", "quote/", quote | {"coupon": None}).json()["coupon"] is None
    assert send(api, "post", "quote/", quote).json()["coupon"] is None


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"code": "OTHER"}, "coupon_unknown"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, "coupon_expired"),
        ({"total_limit": 0}, "coupon_used_up"),
    ],
)
@pytest.mark.parametrize("way", ["coupon/", "quote/"])
def test_a_refused_coupon_says_why_and_changes_nothing(api, fields, code, way):
    CouponFactory(**fields)
    cart_of({"MUG": 3}, version=4)
    if way == "coupon/":
        response = send(api, "put", "coupon/", {"code": "TEN"})
    else:
        response = send(api, "post", "quote/", {"country": "DE", "coupon": "TEN"})
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert response["Content-Type"] == "application/problem+json"
    assert list(Cart.objects.values_list("coupon", "version")) == [("", 4)]
    assert not CouponUse.objects.exists()


def test_a_cart_that_is_too_small_is_told_what_is_missing(api):
    CouponFactory(minimum="50.00")
    cart_of({"MUG": 3})
    body = send(api, "put", "coupon/", {"code": "TEN"}).json()
    assert [body[name] for name in ("code", "minimum", "missing", "currency")] == [
        "coupon_minimum",
        "50.00",
        "20.00",
        "EUR",
    ]


@pytest.mark.parametrize("code", [None, "", " ", [], {}, True, "x" * 41, "T\x00N"])
def test_a_code_that_is_no_text_is_refused(api, code):
    cart_of({"MUG": 3})
    assert send(api, "put", "coupon/", {"code": code}).status_code == 400
    if code not in (None, "", " "):
        quote = {"country": "DE", "coupon": code}
        assert send(api, "post", "quote/", quote).status_code == 400
    assert Cart.objects.get().coupon == ""


def test_an_empty_cart_takes_no_coupon(api):
    CouponFactory()
    response = send(api, "put", "coupon/", {"code": "TEN"})
    assert (response.status_code, response.json()["code"]) == (409, "cart_empty")
    assert send(api, "delete", "coupon/").status_code == 204
    assert not Cart.objects.exists()


def wrong(api, times, **headers):
    bodies = [{"code": f"GUESS{n}"} for n in range(times)]
    return [send(api, "put", "coupon/", body, **headers).status_code for body in bodies]


@pytest.mark.parametrize("redis", [True, False])
def test_codes_cannot_be_guessed_one_after_the_other(api, monkeypatch, redis):
    CouponFactory()
    cart_of({"MUG": 3})
    if not redis:  # as django-redis answers when it has none
        monkeypatch.setattr(cache, "incr", lambda *args, **kwargs: None, raising=False)
    assert wrong(api, TRIES + 1) == [422] * TRIES + [429]
    refused = send(api, "put", "coupon/", {"code": "TEN"})
    assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    assert refused["Retry-After"] == "20"  # 1,000,000,000 is 40 s into its minute
    quoted = send(api, "post", "quote/", {"country": "DE", "coupon": "TEN"})
    assert quoted.status_code == 429
    assert wrong(api, 1, REMOTE_ADDR="192.0.2.7") == [422]  # another client's own tries
    assert send(api, "post", "quote/", {"country": "DE"}).status_code == 200


def test_without_a_rate_anybody_may_try(api, settings):
    settings.THROTTLES = {"coupon": ""}
    cart_of({"MUG": 3})
    assert wrong(api, TRIES + 2) == [422] * (TRIES + 2)


def test_right_codes_cost_no_try(api):
    CouponFactory()
    cart_of({"MUG": 3})
    for _ in range(TRIES + 2):
        assert send(api, "put", "coupon/", {"code": "TEN"}).status_code == 200


def test_the_page_takes_a_code_shows_it_and_takes_it_out(shopper):
    CouponFactory()
    cart_of({"MUG": 3})
    shown = enter(shopper, "ten")
    for text in ["Coupon TEN is in your cart.", "−€3.00", "€31.90", "Remove coupon"]:
        assert text in shown
    shown = page(shopper.post("/cart/coupon/remove/?country=DE", follow=True))
    assert "The coupon is taken out." in shown
    assert 'name="code"' in shown


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("NONE", "There is no such coupon."),
        ("", "Please enter the code of a coupon."),
        ("x" * 41, "Please enter the code of a coupon."),
        ("T\x00N", "Please enter the code of a coupon."),
    ],
)
def test_the_page_says_why_a_code_is_refused(shopper, code, said):
    cart_of({"MUG": 3})
    assert said in enter(shopper, code)
    assert open_lines() == {"MUG": 3}


def test_a_code_that_was_refused_stays_to_be_mended(shopper):
    cart_of({"MUG": 3})
    script = {"HX-Request": "true"}
    shown = page(shopper.post("/cart/coupon/", {"code": "T<N"}, headers=script))
    assert 'name="code" maxlength="40" value="T&lt;N"' in shown
    CouponFactory()
    assert 'name="code"' not in page(shopper.post("/cart/coupon/", {"code": "ten"}, headers=script))


def test_the_page_stops_guessing(shopper):
    cart_of({"MUG": 3})
    for n in range(TRIES):
        assert "no such coupon" in enter(shopper, f"GUESS{n}")
    assert "Too many coupon codes were tried" in enter(shopper, "GUESS")


def test_a_coupon_that_has_lapsed_since_is_said_and_needs_an_answer(shopper):
    """Nobody is charged more than they have seen, and the cart is kept."""
    coupon = CouponFactory()
    cart_of({"MUG": 3})
    enter(shopper, "TEN")
    coupon.ends_at = "2020-01-01T00:00:00Z"
    coupon.save()
    response = shopper.get("/cart/")
    assert response.context["token"] is None
    assert "This coupon has expired." in page(response)
    response = shopper.post("/cart/coupon/remove/", follow=True)
    assert response.context["quote"].discount == 0
    assert open_lines(OWNER) == {"MUG": 3}
