"""What the pages of orders offer to others, and what orders puts into theirs."""

from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.html import format_html

from apps.orders import operations
from apps.orders.apps import OrdersConfig
from apps.orders.models import Order
from apps.orders.tests.factories import (
    PriceFactory,
    decline,
    line,
    pay,
    place,
    quote,
    quote_data,
    signed,
)
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
ADDRESS = {
    "prefill": "1",
    "name": "Ann Lee",
    "line1": "Quay 1",
    "line2": "",
    "city": "Hamburg",
    "postcode": "20095",
    "country": "DE",
}


def saved_addresses(request, action):
    return format_html('<form id="saved" method="post" action="{}"></form>', action)


def again(request, lines):
    return format_html("<p>again: {}</p>", "; ".join(f"{x['quantity']} {x['sku']}" for x in lines))


@pytest.fixture
def filled(monkeypatch):
    """Orders stands in for the apps that fill these slots."""
    here = {
        "checkout.addresses": f"{__name__}.saved_addresses",
        "order.again": f"{__name__}.again",
    }
    monkeypatch.setattr(OrdersConfig, "slots", OrdersConfig.slots | here)


def checkout(client, token):
    return client.post("/orders/checkout/", {"quote": token}).content.decode()


def action_of(html):
    return html.split('<form id="saved" method="post" action="')[1].split('"')[0]


def test_the_account_gets_a_link_to_the_orders():
    context = Context({"request": RequestFactory().get("/")})
    html = Template('{% slot "account.links" %}').render(context)
    assert '<a class="button secondary" href="/orders/">Your orders</a>' in html


def test_a_saved_address_fills_the_form_in_and_orders_nothing(guest, filled):
    token = quote()
    action = action_of(checkout(guest, token))
    assert urlsplit(action).path == "/orders/checkout/"
    assert parse_qs(urlsplit(action).query) == {"quote": [token]}
    answer = guest.post(action, ADDRESS)
    html = answer.content.decode()
    assert answer.status_code == 200
    for value in ("Ann Lee", "Quay 1", "Hamburg", "20095", token):
        assert f'value="{value}"' in html
    assert "Please correct" not in html  # though there is no e-mail yet
    assert not Order.objects.exists()
    assert published("orders.created") == []


def test_a_customers_mail_stays_when_an_address_is_chosen(client, user, filled):
    user.email = "ann@example.com"
    user.save()
    client.force_login(user)
    html = checkout(client, quote(owner=f"user:{user.pk}"))
    html = client.post(action_of(html), ADDRESS).content.decode()
    assert 'value="ann@example.com"' in html
    assert 'value="Quay 1"' in html


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"country": "FR"},
            "This address is in France, but tax and shipping were computed for Germany.",
        ),
        ({"country": ""}, "This address is in no country"),
        ({"postcode": "x" * 21}, "at most 20 characters"),
        ({"line1": ""}, "This field is required."),
        ({"name": "\x00"}, "Null characters are not allowed."),
    ],
    ids=["abroad", "nowhere", "long", "missing", "nul"],
)
def test_what_is_wrong_about_a_saved_address_is_said(guest, filled, changes, text):
    action = action_of(checkout(guest, quote()))
    html = guest.post(action, ADDRESS | changes).content.decode()
    assert text in html
    assert 'role="alert"' in html
    assert not Order.objects.exists()


def test_without_a_quote_an_address_goes_home(guest):
    assert guest.post("/orders/checkout/", ADDRESS)["Location"] == "/"


def test_an_address_is_not_offered_where_the_quote_does_not_fit_into_one(guest, filled):
    many = [line(f"SKU-{number}", f"Thing {uuid4()}{uuid4()}", 1, "0.00") for number in range(150)]
    none = {"subtotal": "0.00", "discount": "0.00", "tax": "0.78", "total": "4.90"}
    html = checkout(guest, signed(quote_data(lines=many, **none)))
    assert many[149]["title"] in html
    assert 'id="saved"' not in html


def test_the_checkout_can_be_loaded_again_by_its_address(guest):
    html = guest.get("/orders/checkout/", {"quote": quote()}).content.decode()
    assert "Oak tray" in html
    assert not Order.objects.exists()


def test_terms_and_refunds_are_linked_before_the_payment(guest):
    html = checkout(guest, quote())
    for name in ("terms", "refunds", "privacy"):
        assert f'href="/legal/{name}/"' in html.split('name="quote"')[1].split("<footer")[0]


def test_what_was_sold_can_be_ordered_again(guest, filled):
    order = place()
    url = f"/orders/{order.pk}/"
    assert "again:" not in guest.get(url).content.decode()
    pay(order)
    drain()
    assert "again: 2 OAK-1; 1 PIN-1" in guest.get(url).content.decode()
    operations.cancel_order(order_id=order.pk, by="customer")
    assert "again: 2 OAK-1; 1 PIN-1" in guest.get(url).content.decode()


def test_what_was_not_sold_is_still_in_the_cart(guest, filled):
    order = place()
    decline(order)
    drain()
    assert "again:" not in guest.get(f"/orders/{order.pk}/").content.decode()


def way_back(request):
    return format_html("<i>{}</i>", "way back")


def test_whoever_cannot_go_on_is_led_back_to_the_cart(guest, monkeypatch):
    monkeypatch.setattr(
        OrdersConfig, "slots", OrdersConfig.slots | {"cart.link": f"{__name__}.way_back"}
    )
    assert "<i>way back</i>" in checkout(guest, quote())
    PriceFactory(version=2, price="21.00")
    assert "<i>way back</i>" in checkout(guest, quote())
