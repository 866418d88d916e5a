"""What payments tells while and after paying: challenges, and refunds that failed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.factories import decline, pay, place
from apps.orders.wording import timeline_of
from eventbus.testing import drain, emit, redeliver

pytestmark = pytest.mark.django_db
BANK = "/payments/challenges/7/"


def challenge(order, *, minutes=10):
    asked = {
        "order_id": str(order.pk),
        "url": BANK,
        "expires_at": (timezone.now() + timedelta(minutes=minutes)).isoformat(),
    }
    emit("payments.action_required", asked, key=order.pk)
    drain()


def fail_refund(order):
    told = {
        "order_id": str(order.pk),
        "amount": "44.90",
        "currency": "EUR",
        "message": "The account is closed.",
    }
    emit("payments.refund_failed", told, key=order.pk)
    drain()


def page(client, order):
    return client.get(f"/orders/{order.pk}/").content.decode()


def action_url(client, order):
    headers = {"Cart-Token": client.cookies["cart_token"].value}
    return client.get(f"/api/v1/orders/{order.pk}/", headers=headers).json()["action_url"]


def steps(order):
    return [(s.kind, s.state) for s in timeline_of(Order.objects.get(pk=order.pk)) if s.at]


def test_a_challenge_is_shown_with_a_link_while_the_order_waits_for_it(guest):
    order = place()
    assert action_url(guest, order) is None
    challenge(order)
    html = page(guest, order)
    assert f'<a class="button" href="{BANK}">Confirm the payment</a>' in html
    assert "Please confirm the payment with your bank." in html
    assert 'hx-trigger="every 1s"' in html
    assert 'http-equiv="refresh" content="10"' in html  # nothing moves under a finger at once
    assert action_url(guest, order) == f"http://testserver{BANK}"
    assert ("action_required", "done") in steps(order)


def test_a_challenge_told_twice_is_one_step():
    order = place()
    challenge(order)
    redeliver("payments.action_required", key=order.pk, subscriber="orders")
    assert [kind for kind, _ in steps(order)].count("action_required") == 1


def test_a_shopper_at_the_bank_is_not_told_that_it_takes_long(guest):
    order = place()
    Order.objects.update(placed_at=timezone.now() - timedelta(minutes=2))
    assert "longer than usual" in page(guest, order)
    challenge(order)
    assert "longer than usual" not in page(guest, order)


def test_the_live_part_brings_the_link(guest):
    order = place()
    seen = page(guest, order).split("?seen=")[1].split('"')[0]
    challenge(order)
    part = guest.get(f"/orders/{order.pk}/timeline/", {"seen": seen}).content.decode()
    assert BANK in part


@pytest.mark.parametrize("end", [pay, decline])
def test_the_link_is_gone_once_the_order_is_decided(guest, end):
    order = place()
    challenge(order)
    end(order)
    drain()
    assert BANK not in page(guest, order)
    assert action_url(guest, order) is None


def test_the_link_is_gone_once_the_challenge_has_expired(guest):
    order = place()
    challenge(order, minutes=-1)
    assert BANK not in page(guest, order)
    assert action_url(guest, order) is None


def test_a_challenge_of_a_cancelled_order_offers_nothing(guest):
    order = place()
    operations.cancel_order(order_id=order.pk, by="customer")
    challenge(order)
    assert BANK not in page(guest, order)


def test_a_challenge_of_an_order_that_is_not_here_is_ignored():
    challenge(Order(pk="00000000-0000-7000-8000-000000000000"))
    fail_refund(Order(pk="00000000-0000-7000-8000-000000000000"))
    assert not Order.objects.exists()


def test_a_failed_refund_is_told_in_plain_words_and_once(guest):
    order = place()
    pay(order)
    drain()
    operations.cancel_order(order_id=order.pk, by="customer")
    fail_refund(order)
    redeliver("payments.refund_failed", key=order.pk, subscriber="orders")
    html = page(guest, order)
    assert html.count("The refund of €44.90 did not go through: we will see to it") == 1
    assert "The account is closed." not in html  # that is for staff
    assert steps(order)[-1] == ("refund_failed", "failed")
    order.refresh_from_db()
    assert order.refunded == 0
