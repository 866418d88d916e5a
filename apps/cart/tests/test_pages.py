from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core import signing
from django.test import Client

from apps.cart.models import Article, Cart
from apps.cart.shoppers import COOKIE, DELIVERY, owner_of
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


@pytest.fixture
def shopper(client):
    client.cookies[COOKIE] = TOKEN
    return client


def page(response):
    return " ".join(response.content.decode().split())


def post(client, path, **fields):
    return page(client.post(f"/cart/{path}", fields, follow=True))


def test_looking_at_the_cart_makes_none(client, django_assert_max_num_queries):
    with django_assert_max_num_queries(1):
        response = client.get("/cart/")
    assert "Your cart is empty" in page(response)
    assert COOKIE not in response.cookies
    assert not Cart.objects.exists()


def test_the_first_add_hands_out_a_token_and_the_next_uses_it(client):
    ArticleFactory(sku="MUG", title="Harbour mug")
    response = client.post("/cart/add/", {"sku": "MUG", "quantity": 2})
    assert (response.status_code, response["Location"]) == (302, "/cart/")
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 2592000)
    assert "3 × Harbour mug in your cart." in post(client, "add/", sku="MUG", quantity=1)
    assert open_lines(owner_of(cookie.value)) == {"MUG": 3}


def test_the_cookie_lasts_as_long_as_the_cart(shopper):
    ArticleFactory(sku="MUG")
    added = shopper.post("/cart/add/", {"sku": "MUG", "quantity": 1})
    for response in (added, shopper.get("/cart/")):
        cookie = response.cookies[COOKIE]
        assert (cookie.value, cookie["max-age"]) == (TOKEN, 2592000)
    shopper.cookies[COOKIE] = "made up"
    assert COOKIE not in shopper.get("/cart/").cookies


def test_the_cookie_is_secure_where_the_session_is(client, settings):
    settings.SESSION_COOKIE_SECURE = True
    ArticleFactory(sku="MUG")
    response = client.post("/cart/add/", {"sku": "MUG", "quantity": 2})
    assert response.cookies[COOKIE]["secure"]


@pytest.mark.parametrize(
    ("sku", "quantity", "said"),
    [
        ("NONE", "1", "no longer sold"),
        ("GONE", "1", "sold out"),
        ("MUG", "0", "from 1 to 99"),
        ("MUG", "100", "from 1 to 99"),
        ("MUG", "9" * 30, "from 1 to 99"),
        ("MUG", "two", "from 1 to 99"),
        ("MUG", "", "from 1 to 99"),
        ("M\x00G", "1", "from 1 to 99"),
    ],
)
def test_a_refused_add_says_why_and_makes_nothing(client, sku, quantity, said):
    ArticleFactory(sku="MUG")
    ArticleFactory(sku="GONE")
    StockFactory(sku="GONE", available=0)
    response = client.post("/cart/add/", {"sku": sku, "quantity": quantity}, follow=True)
    assert said in page(response)
    assert COOKIE not in client.cookies
    assert not Cart.objects.exists()


def test_a_token_that_somebody_made_up_gets_a_new_one(client):
    ArticleFactory(sku="MUG")
    client.cookies[COOKIE] = "1"
    response = client.post("/cart/add/", {"sku": "MUG", "quantity": 1})
    assert len(response.cookies[COOKIE].value) == 43
    assert open_lines(owner_of("1")) is None


def test_more_than_is_left_is_lowered_and_said(shopper):
    cart_of({"MUG": 1})
    StockFactory(sku="MUG", available=2)
    assert "Only 2 left, we set 2." in post(shopper, "lines/MUG/", quantity=3)
    assert open_lines() == {"MUG": 2}


def test_lines_are_changed_and_taken_out(shopper):
    cart_of({"MUG": 1, "HAT": 1, "LMP": 1})
    assert "5 × Article MUG" in post(shopper, "lines/MUG/", quantity=5)
    assert "Article HAT is taken out." in post(shopper, "lines/HAT/", quantity=0)
    assert "Article LMP is taken out." in post(shopper, "lines/LMP/remove/")
    assert "not in your cart" in post(shopper, "lines/LMP/remove/")
    assert "from 0 to 99" in post(shopper, "lines/MUG/", quantity=-1)
    assert open_lines() == {"MUG": 5}


def test_changes_need_a_post_and_a_csrf_token(shopper):
    cart_of({"MUG": 1})
    assert shopper.get("/cart/lines/MUG/remove/").status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.cookies[COOKIE] = TOKEN
    assert strict.post("/cart/lines/MUG/remove/").status_code == 403
    assert open_lines() == {"MUG": 1}


def test_the_cart_of_another_is_out_of_reach(client):
    cart = cart_of({"MUG": 1})
    client.cookies[COOKIE] = "x" * 43
    assert "not in your cart" in post(client, "lines/MUG/remove/")
    assert "Your cart is empty" in page(client.get("/cart/"))
    assert lines_of(cart) == {"MUG": 1}


def test_the_page_shows_what_it_costs_there(shopper, django_assert_max_num_queries):
    cart_of({"MUG": 3})
    with django_assert_max_num_queries(8):
        german = page(shopper.get("/cart/"))
    assert "€30.00" in german
    assert "€4.90" in german
    assert "€34.90" in german
    assert "€5.57" in german  # 4.79 in 30.00 and 0.78 in 4.90
    danish = page(shopper.get("/cart/?country=DK&shipping_method=express"))
    assert "€46.90" in danish
    assert 'action="/cart/lines/MUG/?country=DK&amp;shipping_method=express"' in danish


def test_delivery_survives_a_change(shopper):
    cart_of({"MUG": 3})
    response = shopper.post("/cart/lines/MUG/?country=DK", {"quantity": 1})
    assert response["Location"] == "/cart/?country=DK"


def test_nowhere_is_said_and_not_quoted(shopper):
    cart_of({"MUG": 3})
    response = shopper.get("/cart/?country=XX")
    assert response.context["token"] is None
    assert "Select a valid choice" in page(response)


def test_the_checkout_gets_a_quote_of_the_page(shopper, settings):
    cart_of({"MUG": 3})
    token = shopper.get("/cart/?country=FR").context["token"]
    quote = signing.loads(token, key=settings.QUOTE_KEYS[0], salt="cart.quote.v1")
    assert (quote["owner"], quote["country"], quote["total"]) == (OWNER, "FR", "36.90")


def test_changes_are_said_with_a_way_out_and_nothing_is_quoted(shopper):
    cart_of({"SHORT": 3, "GONE": 1, "OLD": 1, "DEAR": 1})
    StockFactory(sku="SHORT", available=2)
    StockFactory(sku="GONE", available=0)
    Article.objects.filter(sku="OLD").update(active=False)
    Article.objects.filter(sku="DEAR").update(price="12.00")
    response = shopper.get("/cart/")
    shown = page(response)
    assert response.context["token"] is None
    for text in [
        "Article SHORT: only 2 left, we set 2.",
        "Set to 2",
        "Article GONE: sold out, we take it out.",
        "Article OLD: no longer sold, we take it out.",
        "Article DEAR: the price is €12.00 now, it was €10.00.",
        "Remove",
    ]:
        assert text in shown
    assert open_lines() == {"SHORT": 3, "GONE": 1, "OLD": 1, "DEAR": 1}  # looking changes nothing

    changes_id = response.context["cart"].changes_id
    assert "Your cart is up to date." in post(shopper, "accept/", changes_id=changes_id)
    assert open_lines() == {"SHORT": 2, "DEAR": 1}
    assert shopper.get("/cart/").context["quote"].subtotal == Decimal("32.00")


def test_what_has_changed_once_more_is_shown_once_more(shopper):
    cart_of({"DEAR": 1})
    Article.objects.update(price="12.00")
    changes_id = shopper.get("/cart/").context["cart"].changes_id
    Article.objects.update(price="13.00")
    shown = post(shopper, "accept/", changes_id=changes_id)
    assert "It has changed once more." in shown
    assert "the price is €13.00 now, it was €10.00." in shown
    assert "Your cart is empty." in post(Client(), "accept/")


def test_a_new_price_is_said_until_it_is_accepted(shopper):
    cart_of({"MUG": 1})
    Article.objects.update(price=Decimal("12.00"))
    assert "changed from €10.00 to €12.00" in page(shopper.get("/cart/"))
    assert "changed from" in post(shopper, "lines/MUG/", quantity=2)
    changes_id = shopper.get("/cart/").context["cart"].changes_id
    assert "changed from" not in post(shopper, "accept/", changes_id=changes_id)
    assert open_lines() == {"MUG": 2}


def test_where_no_tax_is_due_none_is_told(shopper):
    cart_of({"MUG": 1})
    assert "Tax included" in page(shopper.get("/cart/?country=DE"))
    untaxed = shopper.get("/cart/?country=US")
    assert untaxed.context["quote"].tax == 0
    assert "Tax included" not in page(untaxed)


def test_a_method_that_is_not_offered_there_becomes_the_usual_one(shopper):
    cart_of({"MUG": 3})
    home = shopper.get("/cart/?shipping_method=pickup")
    assert home.context["quote"].shipping == 0
    abroad = shopper.get("/cart/?country=FR&shipping_method=pickup")
    assert abroad.context["quote"].shipping == Decimal("6.90")
    assert "Pick up in Hamburg is not offered in France" in page(abroad)
    assert "To France: Standard €6.90 (free over €80.00), Express €16.90." in page(abroad)
    nonsense = shopper.get("/cart/?shipping_method=pigeon")
    assert nonsense.context["token"] is None


def test_somebody_who_signs_in_takes_the_cart_along(client):
    user = get_user_model().objects.create(**_name())
    cart_of({"MUG": 2})
    cart_of({"MUG": 1, "HAT": 1}, owner=f"user:{user.pk}")
    StockFactory(sku="MUG", available=2)
    client.force_login(user)
    client.cookies[COOKIE] = TOKEN
    response = client.get("/cart/")
    assert response.cookies[COOKIE].value == ""
    assert "Article MUG: Only 2 left, we set 2." in page(response)
    assert open_lines(f"user:{user.pk}") == {"MUG": 2, "HAT": 1}
    assert open_lines(OWNER) is None


def _name():
    """Whatever the user model of this deployment is told apart by."""
    return {get_user_model().USERNAME_FIELD: "ada@example.com"}


def test_a_name_is_never_markup(shopper):
    ArticleFactory(sku="KNF", title="Chef's <b>knife</b>")
    cart_of({"KNF": 1})
    assert "<b>knife" not in page(shopper.get("/cart/"))


def test_where_the_cart_goes_is_remembered(shopper):
    cart_of({"MUG": 1})
    assert "To Germany" in page(shopper.get("/cart/"))
    shopper.get("/cart/", {"country": "US", "shipping_method": "express"})
    html = page(shopper.get("/cart/"))
    assert "To United States" in html
    assert '<option value="express" selected>' in html


@pytest.mark.parametrize("kept", ["XX.standard", "DE.rocket", "DE", "..", ""])
def test_a_remembered_place_that_is_none_is_home(shopper, kept):
    cart_of({"MUG": 1})
    shopper.cookies[DELIVERY] = kept
    response = shopper.get("/cart/")
    assert "To Germany" in page(response)
    assert DELIVERY not in response.cookies
