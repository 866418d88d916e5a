from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from apps.orders import operations
from apps.orders.models import Order, Price
from apps.orders.tests.factories import decline, pay, place, sell_out
from apps.orders.wording import timeline_of
from eventbus.models import Scheduled
from eventbus.testing import drain, emit, published, redeliver

pytestmark = pytest.mark.django_db


def texts(order):
    return [step.text for step in timeline_of(Order.objects.get(pk=order.pk)) if step.at]


def status(order):
    order.refresh_from_db()
    return order.status


def reserve(order):
    return emit("inventory.reserved", {"order_id": str(order.pk), "lines": []}, key=order.pk)


def release(order, why="orders.failed"):
    released = {"order_id": str(order.pk), "why": why, "restocked": False}
    return emit("inventory.released", released, key=order.pk)


def refund(order, amount, total):
    refunded = {
        "order_id": str(order.pk),
        "amount": amount,
        "total_refunded": total,
        "currency": "EUR",
    }
    return emit("payments.refunded", refunded, key=order.pk)


def send_mail(order, kind):
    sent = {"notification_id": str(order.pk), "kind": kind, "order_id": order and str(order.pk)}
    return emit("notifications.sent", sent, key=order.pk)


def test_a_paid_order_is_confirmed_and_told_in_plain_words():
    order = place()
    reserve(order)
    pay(order)
    send_mail(order, "order_confirmed")
    drain()
    assert status(order) == "CONFIRMED"
    assert texts(order)[:2] == ["Order placed", "Stock reserved"]
    assert set(texts(order)) == {
        "Order placed",
        "Stock reserved",
        "Payment received (Visa •••• 4242)",
        "Order confirmed",
        "Confirmation mail sent",
    }
    assert published("orders.confirmed") == [{"order_id": str(order.pk), "number": order.number}]
    assert not Scheduled.objects.filter(name="orders.payment_due").exists()


def test_a_payment_told_twice_confirms_once():
    order = place()
    pay(order)
    drain()
    before = texts(order)
    redeliver("payments.processed", key=order.pk, subscriber="orders")
    assert texts(order) == before
    assert len(published("orders.confirmed")) == 1
    assert order.history.count() == 2


def test_a_payment_told_before_the_reservation_confirms():
    order = place()
    pay(order)
    drain()
    reserve(order)
    drain()
    assert status(order) == "CONFIRMED"
    assert "Stock reserved" in texts(order)


def test_a_payment_of_a_cancelled_order_changes_nothing_but_the_timeline():
    order = place()
    operations.cancel_order(order_id=order.pk, by="customer", reason="")
    pay(order)
    refund(order, "44.90", "44.90")
    drain()
    assert status(order) == "CANCELLED"
    assert published("orders.confirmed") == []
    assert "Cancelled by you" in texts(order)
    assert "Refunded €44.90" in texts(order)


def test_a_declined_payment_fails_the_order_with_its_reason():
    order = place()
    decline(order)
    drain()
    assert status(order) == "FAILED"
    assert (order.failure_code, order.decline_code) == ("payment_declined", "insufficient_funds")
    [failed] = published("orders.failed")
    assert failed["reason"] == "payment_declined"
    assert failed["decline_code"] == "insufficient_funds"
    assert failed["missing"] == []
    assert texts(order) == [
        "Order placed",
        "Payment declined: Your card has insufficient funds.",
    ]
    assert not Scheduled.objects.filter(name="orders.payment_due").exists()
    redeliver("payments.failed", key=order.pk, subscriber="orders")
    assert len(published("orders.failed")) == 1


def test_a_late_decline_of_a_confirmed_order_changes_nothing():
    order = place()
    pay(order)
    drain()
    decline(order)
    drain()
    assert status(order) == "CONFIRMED"
    assert published("orders.failed") == []


def test_short_stock_fails_the_order_and_names_the_lines():
    order = place()
    sell_out(order)
    drain()
    assert status(order) == "FAILED"
    assert order.failure_code == "out_of_stock"
    [failed] = published("orders.failed")
    assert failed["missing"] == [{"sku": "OAK-1", "title": "Oak tray", "wanted": 2, "available": 1}]
    assert failed["message"] == "Oak tray: 2 wanted, only 1 left"
    redeliver("inventory.failed", key=order.pk, subscriber="orders")
    assert len(published("orders.failed")) == 1


def test_short_stock_after_a_cancel_changes_nothing():
    order = place()
    operations.cancel_order(order_id=order.pk, by="customer")
    sell_out(order)
    drain()
    assert status(order) == "CANCELLED"
    assert published("orders.failed") == []


def test_released_stock_and_refunds_are_told_once():
    order = place()
    decline(order)
    drain()
    release(order)
    refund(order, "20.00", "20.00")
    drain()
    refund(order, "24.90", "44.90")
    drain()
    before = texts(order)
    assert before[-3:] == ["Stock released", "Refunded €20.00", "Refunded €24.90"]
    order.refresh_from_db()
    assert order.refunded == Decimal("44.90")
    for name in ("inventory.released", "payments.refunded"):
        redeliver(name, key=order.pk, subscriber="orders")
    assert texts(order) == before


def test_the_highest_total_refunded_stands():
    order = place()
    for amount, total in (("24.90", "44.90"), ("20.00", "20.00")):
        refund(order, amount, total)
        drain()
    order.refresh_from_db()
    assert order.refunded == Decimal("44.90")


def test_a_reservation_and_a_mail_are_told_once():
    order = place()
    reserve(order)
    send_mail(order, "order_confirmed")
    drain()
    before = texts(order)
    for name in ("inventory.reserved", "notifications.sent"):
        redeliver(name, key=order.pk, subscriber="orders")
    assert texts(order) == before


def test_a_mail_that_is_of_no_order_is_ignored():
    order = place()
    sent = {"notification_id": str(order.pk), "kind": "welcome", "order_id": None}
    emit("notifications.sent", sent, key=order.pk)
    drain()
    assert texts(order) == ["Order placed"]


def test_events_of_orders_that_are_not_here_are_ignored():
    stranger = Order(pk="00000000-0000-7000-8000-000000000000", total=Decimal("1.00"))
    pay(stranger)
    decline(stranger)
    sell_out(stranger)
    reserve(stranger)
    refund(stranger, "1.00", "1.00")
    drain()
    assert not Order.objects.exists()
    assert published("orders.confirmed") == published("orders.failed") == []


def test_an_order_not_paid_in_time_is_cancelled():
    order = place()
    drain(now=timezone.now() + timedelta(minutes=29))
    assert status(order) == "PENDING"
    drain(now=timezone.now() + timedelta(minutes=31))
    assert status(order) == "CANCELLED"
    [cancelled] = published("orders.cancelled")
    assert cancelled["by"] == "timeout"
    assert texts(order)[-1] == "Cancelled: it was not paid in time"
    redeliver("orders.payment_due", key=order.pk, subscriber="orders")
    assert len(published("orders.cancelled")) == 1


def test_the_time_to_pay_ends_with_the_payment():
    order = place()
    pay(order)
    drain()
    drain(now=timezone.now() + timedelta(minutes=31))
    assert status(order) == "CONFIRMED"
    assert published("orders.cancelled") == []


def test_a_deadline_already_on_its_way_spares_a_confirmed_order():
    order = place()
    pay(order)
    drain()
    assert operations.time_out([order.pk]) == set()
    assert status(order) == "CONFIRMED"


def test_prices_are_learnt_and_the_highest_version_kept():
    for version, price in ((2, "21.00"), (1, "19.90")):
        changed = {
            "product_id": "00000000-0000-7000-8000-000000000000",
            "sku": "OAK-1",
            "title": "Oak tray",
            "price": price,
            "currency": "EUR",
            "version": version,
            "picture": "/p.svg",
            "url": "/p/",
            "active": True,
        }
        emit("products.changed", changed, key="OAK-1")
        drain()
    redeliver("products.changed", key="OAK-1", subscriber="orders")
    price = Price.objects.get()
    assert (price.price, price.version) == (Decimal("21.00"), 2)


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_order_contexts_are_heard_the_order_is_confirmed_once(seed):
    order = place()
    pay(order)
    reserve(order)
    send_mail(order, "order_confirmed")
    drain(seed=seed)
    assert status(order) == "CONFIRMED"
    assert len(published("orders.confirmed")) == 1


def test_a_confirmed_order_is_shipped_and_delivered():
    order = place()
    assert operations.ship_order(order_id=order.pk, carrier="DHL", tracking="42") is False
    pay(order)
    drain()
    assert operations.deliver_order(order_id=order.pk) is False
    assert operations.ship_order(order_id=order.pk, carrier="DHL", tracking="42") is True
    assert operations.cancel_order(order_id=order.pk, by="customer") is False
    assert operations.deliver_order(order_id=order.pk) is True
    assert [change.to_status for change in order.history.all()] == [
        "PENDING",
        "CONFIRMED",
        "SHIPPED",
        "DELIVERED",
    ]
    assert published("orders.shipped")[0]["tracking"] == "42"
    assert published("orders.delivered") == [{"order_id": str(order.pk), "number": order.number}]
    assert published("orders.cancelled") == []
    assert texts(order)[-2:] == ["Shipped with DHL, tracking number 42", "Delivered"]
