from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import timezone

from apps.orders import operations
from apps.orders.access import access_token
from apps.orders.models import Order
from apps.orders.tests.factories import (
    CART_TOKEN,
    PriceFactory,
    decline,
    pay,
    place,
    quote,
    sell_out,
)
from eventbus.testing import drain, emit, published

pytestmark = pytest.mark.django_db
FORM = {
    "email": "ann@example.com",
    "name": "Ann Lee",
    "line1": "Quay 1",
    "city": "Hamburg",
    "postcode": "20095",
    "payment_method": "pm_1",
}


@pytest.fixture
def guest():
    client = Client()
    client.cookies["cart_token"] = CART_TOKEN
    return client


@pytest.fixture
def user():
    model = get_user_model()
    return model.objects.create(**{model.USERNAME_FIELD: "ann@example.com"})


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
    for text in ("Oak tray", "€44.90", "€4.90", "€7.17", "DE", 'name="quote"'):
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


def test_strangers_see_no_order():
    order = place()
    stranger = Client()
    for tail in ("", "timeline/"):
        assert stranger.get(page(order, tail)).status_code == 404
    for tail in ("cancel/", "retry/"):
        assert stranger.post(page(order, tail), FORM).status_code == 404
    assert stranger.get(page(order) + "?token=wrong").status_code == 404
    assert Order.objects.get().status == "PENDING"


def test_the_mails_link_becomes_a_cookie_at_once():
    order = place()
    client = Client()
    answer = client.get(page(order), {"token": access_token(order.pk)})
    assert (answer.status_code, answer["Location"]) == (303, page(order))
    assert client.get(page(order)).status_code == 200
    assert client.get(page(order, "timeline/")).status_code == 200


def test_a_pending_order_follows_itself_with_and_without_scripts(guest):
    html = guest.get(page(place())).content.decode()
    assert 'role="status"' in html
    assert 'hx-trigger="every 1s"' in html
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in html
    assert "longer than usual" not in html
    assert "Cancel this order" in html


def test_a_slow_order_says_so(guest):
    order = place()
    Order.objects.update(placed_at=timezone.now() - timedelta(seconds=31))
    html = guest.get(page(order)).content.decode()
    assert "longer than usual. Nothing is lost" in html


def seen_by(html):
    return html.split("?seen=")[1].split('"')[0]


def test_the_live_part_answers_only_what_is_new(guest):
    order = place()
    seen = seen_by(guest.get(page(order)).content.decode())
    url = page(order, "timeline/")
    assert guest.get(url, {"seen": seen}).status_code == 204
    emit("inventory.reserved", {"order_id": str(order.pk), "lines": []}, key=order.pk)
    drain()
    answer = guest.get(url, {"seen": seen})
    assert "Stock reserved" in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert "HX-Refresh" not in answer


def test_the_page_is_loaded_anew_when_the_order_failed(guest):
    order = place()
    seen = seen_by(guest.get(page(order)).content.decode())
    decline(order)
    drain()
    assert guest.get(page(order, "timeline/"), {"seen": seen})["HX-Refresh"] == "true"


def test_a_confirmed_order_stops_asking_once_its_mail_is_sent(guest):
    order = place()
    pay(order)
    drain()
    assert "every 1s" in guest.get(page(order)).content.decode()
    sent = {
        "notification_id": str(uuid4()),
        "kind": "order_confirmed",
        "order_id": str(order.pk),
    }
    emit("notifications.sent", sent, key=order.pk)
    drain()
    html = guest.get(page(order)).content.decode()
    assert "Confirmation mail sent" in html
    assert "every 1s" not in html
    assert "http-equiv" not in html


def test_a_cancelled_order_keeps_asking_until_the_money_and_the_mail_are_told(guest):
    order = place()
    pay(order)
    drain()
    about(order, "order_confirmed")
    operations.cancel_order(order_id=order.pk, by="customer")
    about(order, "order_cancelled")
    assert "every 1s" in guest.get(page(order)).content.decode()
    total = str(order.total)
    refunded = {"order_id": str(order.pk), "amount": total, "total_refunded": total}
    emit("payments.refunded", refunded | {"currency": "EUR"}, key=order.pk)
    drain()
    html = guest.get(page(order)).content.decode()
    assert "Refunded" in html
    assert "every 1s" not in html


def about(order, kind):
    """The mail of that kind is sent."""
    sent = {"notification_id": str(uuid4()), "kind": kind, "order_id": str(order.pk)}
    emit("notifications.sent", sent, key=order.pk)
    drain()


def test_a_declined_order_explains_itself_and_offers_another_card(guest):
    order = place()
    decline(order)
    drain()
    html = guest.get(page(order)).content.decode()
    assert "Your card has insufficient funds." in html
    assert "Nothing was charged, the stock is released, and your cart is as it was." in html
    assert f'action="{page(order, "retry/")}"' in html
    assert "Cancel this order" not in html
    assert "http-equiv" not in html


def test_a_sold_out_order_names_what_is_left(guest):
    order = place()
    sell_out(order)
    drain()
    html = guest.get(page(order)).content.decode()
    assert "Oak tray: you wanted 2, only 1 left" in html
    assert "retry/" not in html


def test_a_failed_order_is_paid_again_once(guest):
    failed = place()
    decline(failed)
    drain()
    url = page(failed, "retry/")
    assert guest.post(url).status_code == 422
    assert guest.get(url)["Location"] == page(failed)
    first, second = (guest.post(url, {"payment_method": "pm_2"}) for _ in range(2))
    order = Order.objects.get(retry_of=failed.pk)
    assert first["Location"] == second["Location"] == page(order)
    html = guest.get(page(failed)).content.decode()
    assert order.number in html
    assert 'action="' + url not in html


def test_a_pending_order_cannot_be_paid_again(guest):
    order = place()
    answer = guest.post(page(order, "retry/"), {"payment_method": "pm_2"}, follow=True)
    assert "Only an order that failed can be paid again." in [
        str(message) for message in answer.context["messages"]
    ]
    assert Order.objects.count() == 1


def test_cancelling_needs_a_post_and_happens_once(guest):
    order = place()
    assert guest.get(page(order, "cancel/")).status_code == 405
    for _ in range(2):
        assert guest.post(page(order, "cancel/")).status_code == 303
    assert Order.objects.get().status == "CANCELLED"
    assert len(published("orders.cancelled")) == 1
    assert "Cancelled by you" in guest.get(page(order)).content.decode()


def test_customers_see_their_own_orders(client, user):
    mine, other = place(owner=f"user:{user.pk}"), place()
    assert client.get("/orders/").status_code == 302
    client.force_login(user)
    html = client.get("/orders/").content.decode()
    assert mine.number in html
    assert other.number not in html
    assert client.get(page(mine)).status_code == 200
    assert client.get(page(other)).status_code == 404


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
