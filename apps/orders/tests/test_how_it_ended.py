"""What the order's page says at first sight: how it stands, where the money is, what comes next."""

from zoneinfo import ZoneInfo

import pytest

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.factories import decline, pay, place, sell_out
from apps.orders.tests.test_handlers import refund, release
from apps.orders.tests.test_telling import fail_refund
from apps.orders.wording import money_words
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


def shown(client, order):
    return " ".join(client.get(f"/orders/{order.pk}/").content.decode().split())


def paid():
    order = place()
    pay(order)
    drain()
    return order


def cancelled(order):
    operations.cancel_order(order_id=order.pk, by="customer")
    return order


def refunded(order, total):
    refund(order, total, total)
    drain()
    return order


def not_refunded(order):
    fail_refund(order)
    return order


def declined():
    order = place()
    decline(order)
    drain()
    return order


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        (place, ""),
        (paid, ""),
        (declined, "Nothing was charged."),
        (lambda: cancelled(place()), "Nothing was charged."),
        (lambda: cancelled(paid()), "€44.90 goes back to your card."),
        (
            lambda: refunded(cancelled(paid()), "44.90"),
            "€44.90 went back to your card. Banks take a few days to show it.",
        ),
        (
            lambda: refunded(paid(), "20.00"),
            "€20.00 of €44.90 went back to your card. Banks take a few days to show it.",
        ),
        (
            lambda: not_refunded(cancelled(paid())),
            "Your bank did not take the €44.90 back. We see to it that you get it.",
        ),
    ],
)
def test_it_says_where_the_money_is(guest, ending, said):
    order = Order.objects.get(pk=ending().pk)
    assert money_words(order) == said
    assert said in shown(guest, order)


def test_it_says_what_comes_next(guest):
    order = place()
    html = shown(guest, order)
    assert '<span class="badge warning">In progress</span>' in html
    assert "a mail to ann@example.com tells you how it ends." in html
    pay(order)
    drain()
    html = shown(guest, order)
    assert '<span class="badge success">Confirmed</span>' in html
    assert "We are packing it, and write to ann@example.com when it is on its way." in html
    operations.ship_order(order_id=order.pk, carrier="DHL", tracking="JD01")
    assert "With DHL, tracking number" in shown(guest, order)
    operations.deliver_order(order_id=order.pk)
    assert "If something is wrong with it, answer any of our mails." in shown(guest, order)


def test_what_was_held_is_said_to_be_free_once_it_is(guest):
    order = declined()
    assert "is free again" not in shown(guest, order)
    release(order)
    drain()
    assert "What we held for you is free again." in shown(guest, order)


def test_a_sold_out_order_held_nothing_and_leads_back_to_the_cart(guest):
    order = place()
    sell_out(order)
    drain()
    html = shown(guest, order)
    assert "Nothing was charged." in html
    assert "is free again" not in html


def test_the_day_is_told_once_and_the_shops_zone_too(guest, settings):
    settings.SHOP_TIME_ZONE = "Asia/Tokyo"
    order = paid()
    html = shown(guest, order)
    placed = order.placed_at.astimezone(ZoneInfo("Asia/Tokyo"))
    assert html.count(f"{placed:%-d %b %Y, }") == 1
    assert f"{placed:%-d %b %Y, %H:%M:%S}" in html
    assert "Times are in JST." in html
