from uuid import uuid4

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from apps.orders.models import Order
from apps.orders.tests.factories import (
    PriceFactory,
    place,
    quote,
)
from eventbus.testing import published

pytestmark = pytest.mark.django_db
FORM = {
    "email": "ann@example.com",
    "name": "Ann Lee",
    "line1": "Quay 1",
    "city": "Hamburg",
    "postcode": "20095",
    "payment_method": "pm_1",
}


def page(order, tail=""):
    return f"/orders/{order.pk}/{tail}"


def test_the_cart_page_gets_a_way_to_the_checkout():
    request = RequestFactory().get("/")
    html = Template('{% slot "cart.checkout" quote=quote %}').render(
        Context({"request": request, "quote": "signed"})
    )
    assert 'action="/orders/checkout/"' in html
    assert 'name="quote" value="signed"' in html


def test_the_checkout_shows_what_is_to_be_paid_and_changes_nothing(guest):
    answer = guest.post("/orders/checkout/", {"quote": quote()})
    html = answer.content.decode()
    assert answer.status_code == 200
    for text in ("Oak tray", "€44.90", "€4.90", "€7.16", "Germany", 'name="quote"'):
        assert text in html
    for name in ("email", "name", "line1", "postcode", "city"):
        assert f'<label for="id_{name}">' in html
    assert not Order.objects.exists()


@pytest.mark.parametrize("url", ["/orders/checkout/", "/orders/place/"])
def test_a_checkout_without_a_quote_goes_home(guest, url):
    assert guest.get(url)["Location"] == "/"
    assert guest.post(url)["Location"] == "/"
    assert not Order.objects.exists()


def test_placing_goes_to_the_order_and_twice_to_the_same(guest):
    form = FORM | {"quote": quote()}
    first, second = (guest.post("/orders/place/", form) for _ in range(2))
    order = Order.objects.get()
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"] == page(order)
    assert (order.country, order.payment_method) == ("DE", "pm_1")
    cookie = first.cookies[f"order_{order.pk.hex}"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == page(order)
    assert len(published("orders.created")) == 1


def test_back_to_the_checkout_of_a_used_quote_goes_to_its_order(guest):
    token = quote()
    guest.post("/orders/place/", FORM | {"quote": token})
    again = guest.post("/orders/checkout/", {"quote": token})
    assert again["Location"] == page(Order.objects.get())


@pytest.mark.parametrize("field", ["email", "name", "line1", "postcode", "city", "payment_method"])
def test_a_missing_field_shows_the_form_again_with_what_was_typed(guest, field):
    typed = FORM | {"quote": quote(), field: ""}
    answer = guest.post("/orders/place/", typed)
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'role="alert"' in html
    assert ("Quay 1" in html) is (field != "line1")
    assert not Order.objects.exists()


@pytest.mark.parametrize("url", ["/orders/checkout/", "/orders/place/"])
@pytest.mark.parametrize(
    ("token", "text"),
    [
        (lambda: "nonsense", "not an offer of ours"),
        (lambda: quote(owner="user:1"), "made to another cart"),
        (lambda: quote(expires_at="2026-01-01T00:00:00+00:00"), "has expired"),
    ],
)
def test_a_refused_offer_is_a_friendly_page(guest, url, token, text):
    answer = guest.post(url, FORM | {"quote": token()})
    assert answer.status_code == 409
    assert text in answer.content.decode()
    assert not Order.objects.exists()


def test_a_changed_price_is_shown(guest):
    PriceFactory(version=2, price="21.00")
    html = guest.post("/orders/place/", FORM | {"quote": quote()}).content.decode()
    assert "was €19.90, is now €21.00" in html
    assert not Order.objects.exists()


def test_a_cart_being_ordered_links_to_its_order(guest):
    cart = uuid4()
    order = place(cart_id=cart, cart_version=1)
    answer = guest.post("/orders/checkout/", {"quote": quote(cart_id=cart, cart_version=2)})
    assert page(order) in answer.content.decode()


def test_a_customer_need_not_type_the_address_of_the_account(client, user):
    user.email = "ann@example.com"
    user.save()
    client.force_login(user)
    html = client.post(
        "/orders/checkout/", {"quote": quote(owner=f"user:{user.pk}")}
    ).content.decode()
    assert 'value="ann@example.com"' in html


@pytest.mark.parametrize("value", ["\x00", "x" * 500, "é\U0001f600" * 300])
@pytest.mark.parametrize("field", ["email", "name", "line2", "postcode", "payment_method"])
def test_junk_in_the_form_shows_it_again(guest, field, value):
    answer = guest.post("/orders/place/", FORM | {"quote": quote(), field: value})
    assert answer.status_code == 422
    assert not Order.objects.exists()
