from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from apps.orders import operations
from apps.orders.access import access_token
from apps.orders.models import Order
from apps.orders.tests.factories import (
    decline,
    pay,
    place,
    sell_out,
)
from eventbus.testing import drain, emit, published

pytestmark = pytest.mark.django_db


def page(order, tail=""):
    return f"/orders/{order.pk}/{tail}"


def test_strangers_see_no_order():
    order = place()
    stranger = Client()
    for tail in ("", "timeline/"):
        assert stranger.get(page(order, tail)).status_code == 404
    for tail in ("cancel/", "retry/"):
        assert stranger.post(page(order, tail), {}).status_code == 404
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
    for words in ("Nothing was charged.", "Your cart and your address are as they were."):
        assert words in html
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


def test_the_live_part_brings_what_can_be_ordered_again_once_it_is_sold(guest):
    order = place()
    before = guest.get(page(order, "timeline/")).content.decode()
    assert "hx-swap-oob" not in before
    assert '<div id="again"></div>' in guest.get(page(order)).content.decode()
    pay(order)
    drain()
    news = guest.get(page(order, "timeline/")).content.decode()
    assert '<div id="again" hx-swap-oob="true">' in news
    button = "Order again" in news  # the cart's, where it is installed
    assert button == apps.is_installed("apps.cart")
    assert ("Order again" in guest.get(page(order)).content.decode()) == button


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


@pytest.mark.parametrize(
    ("method", "named"),
    [("standard", "Standard"), ("pickup", "Pick up in Hamburg"), ("balloon", "balloon")],
)
def test_the_page_says_how_the_goods_come(guest, method, named):
    order = place()
    Order.objects.filter(pk=order.pk).update(shipping_method=method)
    html = guest.get(page(order)).content.decode()
    assert f"<dt>Shipping ({named})</dt>" in html
    assert f"<p>{named}</p>" in html
