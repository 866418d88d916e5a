from datetime import timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.notifications import operations, queries
from apps.notifications.models import Notification, OrderInfo, Refund
from apps.notifications.tests.factories import URL, parked, place, refund, tell
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db

SUBJECTS = {
    "orders.confirmed": "Order HP-4711 is confirmed",
    "orders.failed": "Order HP-4711 could not be completed",
    "orders.cancelled": "Order HP-4711 is cancelled",
    "orders.shipped": "Order HP-4711 is on its way",
}


@pytest.mark.parametrize("name", SUBJECTS)
def test_each_turn_of_an_order_is_one_mail_however_often_it_is_delivered(name):
    order_id = place()
    tell(name, order_id)
    drain()
    redeliver("orders.created", key=order_id, subscriber="notifications")
    redeliver(name, key=order_id, subscriber="notifications")
    redeliver("notifications.requested", key=order_id, subscriber="notifications")
    drain()

    assert [(m.to, m.subject) for m in mail.outbox] == [(["ada@example.com"], SUBJECTS[name])]
    sent = queries.mails_of(order_id).get()
    assert (sent.state, sent.attempts, sent.error) == ("sent", 1, "")
    assert sent.sent_at is not None
    assert published("notifications.sent", key=order_id) == [
        {"notification_id": str(sent.pk), "kind": sent.kind, "order_id": str(order_id)}
    ]
    assert len(published("notifications.requested", key=order_id)) == 1


def test_an_order_that_is_only_placed_gets_no_mail():
    place()
    drain()

    assert OrderInfo.objects.get().number == "HP-4711"
    assert mail.outbox == []
    assert not Notification.objects.exists()


@pytest.mark.parametrize("seed", range(20))
def test_in_any_order_every_mail_goes_out_once(seed):
    orders = []
    for _ in range(3):
        order_id = place()
        tell("orders.confirmed", order_id)
        tell("orders.cancelled", order_id)
        refund(order_id, "10.00", "10.00")
        refund(order_id, "29.40", "39.40")
        orders.append(order_id)

    drain(seed=seed)

    assert len(mail.outbox) == 12
    for order_id in orders:
        kinds = queries.mails_of(order_id).values_list("kind", flat=True)
        assert sorted(kinds) == ["order_cancelled", "order_confirmed"] + ["payment_refunded"] * 2
        assert set(queries.mails_of(order_id).values_list("state", flat=True)) == {"sent"}
    assert not parked().exists()


def test_a_refund_heard_of_before_its_order_is_mailed_when_the_order_is_known():
    order_id = place()  # in the log, not handled yet
    refund(order_id, "39.40", "39.40")
    redeliver("payments.refunded", key=order_id, subscriber="notifications")
    assert Refund.objects.get().order_id == order_id
    assert not Notification.objects.exists()

    drain()
    redeliver("payments.refunded", key=order_id, subscriber="notifications")
    drain()

    assert [m.subject for m in mail.outbox] == ["A refund for order HP-4711"]


def test_news_of_an_unknown_order_wait_until_it_is_known():
    order_id = uuid7()
    tell("orders.shipped", order_id)
    drain()
    waiting = parked().get()
    assert (waiting.name, waiting.state) == ("orders.shipped", "retrying")
    assert "DoesNotExist" in waiting.error
    assert not Notification.objects.exists()

    order = OrderInfo(order_id=order_id, number="HP-4711", email="ada@example.com", url=URL)
    order.currency, order.lines, order.coupon = "EUR", [], None
    order.discount = order.shipping = order.tax = order.total = Decimal(1)
    operations.remember_orders([order])
    drain(now=timezone.now() + timedelta(hours=1))

    assert [m.subject for m in mail.outbox] == ["Order HP-4711 is on its way"]
    assert not parked().exists()
