"""What the pages of orders offer to others, and what orders puts into theirs."""

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.html import format_html

from apps.orders import operations
from apps.orders.tests.checkouts import STEPS, begin, come_to
from apps.orders.tests.factories import (
    decline,
    pay,
    place,
)
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


def again(request, lines):
    return format_html("<p>again: {}</p>", "; ".join(f"{x['quantity']} {x['sku']}" for x in lines))


@pytest.fixture
def filled(fill_slots):
    fill_slots({"order.again": f"{__name__}.again"})


def test_the_account_gets_a_link_to_the_orders():
    context = Context({"request": RequestFactory().get("/")})
    html = Template('{% slot "account.links" %}').render(context)
    assert '<a class="button secondary" href="/orders/">Your orders</a>' in html


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


def test_whoever_cannot_go_on_is_led_back_to_the_cart(guest, fill_slots):
    fill_slots({"cart.link": f"{__name__}.way_back"})
    come_to(guest, "payment")
    assert "<i>way back</i>" in guest.get(STEPS["payment"]).content.decode()
    assert "<i>way back</i>" in begin(guest, "nonsense").content.decode()
