"""Mails about accounts: their links are secrets, good once and for a while. And mails to staff."""

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.notifications import operations
from apps.notifications.models import Notification, OrderInfo
from apps.notifications.tests.factories import (
    ACCOUNT,
    LINK,
    USER,
    low_stock,
    parked,
    place,
    refund_failed,
    send,
    tell,
    tell_of_account,
)
from eventbus import erase
from eventbus.models import Event, Scheduled
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
BAD = "apps.notifications.tests.backends."
SECRET = ("users.verification_requested", "users.password_reset_requested")


def later(**time):
    return timezone.now() + timedelta(**time)


def soon(**time):
    return {"expires_at": later(**time).isoformat()}


def link(name=SECRET[0], **time):
    """Somebody is to be sent a link; the mail, not sent yet."""
    tell_of_account(name, **soon(**(time or {"hours": 1})))


@pytest.mark.parametrize("name", ACCOUNT)
def test_each_is_one_mail_however_often_it_is_delivered(name):
    tell_of_account(name)
    drain()
    redeliver(name, key=USER, subscriber="notifications")
    drain()

    (message,) = mail.outbox
    assert message.to == ["ada@example.com"]
    assert message.extra_headers == {"Auto-Submitted": "auto-generated"}
    sent = Notification.objects.get()
    assert (sent.state, sent.attempts, sent.whose, sent.order_id) == ("sent", 1, USER, None)
    assert published("notifications.sent", key=sent.pk)[0]["order_id"] is None


def test_two_occasions_are_two_mails():
    tell_of_account("users.password_changed")
    tell_of_account("users.password_changed")
    drain()

    assert len(mail.outbox) == 2


@pytest.mark.parametrize("name", SECRET)
def test_a_link_is_wiped_when_it_was_sent(name):
    tell_of_account(name)
    drain()

    sent = Notification.objects.get()
    assert "a-secret" in mail.outbox[0].body
    assert (sent.text, sent.html) == ("", "")
    assert "a-secret" not in str(Notification.objects.values_list())
    assert not Scheduled.objects.exists()
    assert operations.resend(notification_id=sent.pk, by="7") is False
    assert not sent.resends.exists()


def test_the_name_that_somebody_gave_is_not_said():
    tell_of_account(SECRET[0], name="You won! See evil.example")
    drain()

    assert "won" not in mail.outbox[0].body + mail.outbox[0].alternatives[0].content


def test_a_link_that_is_heard_of_too_late_is_not_sent():
    link(hours=-1)
    drain()

    late = Notification.objects.get()
    assert (late.state, late.text, late.html, late.attempts) == ("expired", "", "", 0)
    assert mail.outbox == []
    assert published("notifications.requested") == []
    assert not Scheduled.objects.exists()


def test_a_link_that_could_not_be_sent_in_time_is_wiped_and_not_sent(settings):
    settings.EMAIL_BACKEND = BAD + "Unreachable"
    link()
    drain()
    waiting = Notification.objects.get()
    assert waiting.state == "failed"
    assert LINK in waiting.text

    settings.EMAIL_BACKEND = LOCMEM
    drain(now=later(hours=1, seconds=1))

    waiting.refresh_from_db()
    assert (waiting.state, waiting.text, waiting.html) == ("expired", "", "")
    assert mail.outbox == []
    assert not parked().exists()
    assert operations.resend(notification_id=waiting.pk, by="7") is False


def test_an_attempt_that_begins_after_the_time_is_over_sends_nothing(settings):
    settings.EMAIL_BACKEND = BAD + "Unreachable"
    link()
    drain()
    settings.EMAIL_BACKEND = LOCMEM
    Notification.objects.update(expires_at=later(seconds=-1))

    assert send(Notification.objects.get().pk) is None

    assert Notification.objects.get().state == "expired"
    assert mail.outbox == []


def test_a_link_whose_sending_has_an_unknown_end_is_wiped_too(settings):
    settings.EMAIL_BACKEND = BAD + "HangingUp"
    link()
    drain()
    assert LINK in Notification.objects.get().text

    drain(now=later(hours=1, seconds=1))

    held = Notification.objects.get()
    assert (held.state, held.text, held.html) == ("held", "", "")
    assert operations.resend(notification_id=held.pk, by="7") is False


def test_the_end_of_a_link_that_was_sent_changes_nothing():
    link()
    drain()
    sent = Notification.objects.get()

    operations.expire_mail(notification_id=sent.pk)

    sent.refresh_from_db()
    assert sent.state == "sent"


def test_the_end_of_other_mails_is_never():
    tell_of_account("users.password_changed")
    drain()
    sent = Notification.objects.get()

    operations.expire_mail(notification_id=sent.pk)

    sent.refresh_from_db()
    assert "ada@example.com" in sent.text


@pytest.mark.parametrize("name", ACCOUNT)
def test_people_who_were_erased_get_no_mail(name):
    tell_of_account(name)
    erase(USER, reason="asked for", by="7")

    drain()

    assert mail.outbox == []
    assert not Notification.objects.exists()
    assert Event.objects.filter(name=name).exists()


# Staff ------------------------------------------------------------------------------------------
def test_staff_are_told_of_low_stock_once_a_crossing(settings):
    settings.STAFF_MAIL = ["a@example.com", "b@example.com"]
    low_stock("TEA-1")
    drain()
    redeliver("inventory.low_stock", key="TEA-1", subscriber="notifications")
    low_stock("TEA-1", 1)
    drain()

    assert sorted((m.to[0], m.body.split("\n")[2].split(";")[0]) for m in mail.outbox) == [
        ("a@example.com", "1 left"),
        ("a@example.com", "2 left"),
        ("b@example.com", "1 left"),
        ("b@example.com", "2 left"),
    ]


def test_where_no_staff_are_named_nobody_is_told(settings):
    settings.STAFF_MAIL = []
    low_stock()
    drain()

    assert not Notification.objects.exists()
    assert not parked().exists()


@pytest.mark.parametrize("known", [True, False])
def test_a_failed_refund_is_told_to_staff_and_not_on_the_shopper_s_timeline(known):
    order_id = place() if known else USER
    if known:
        drain()
    refund_failed(order_id)
    drain()
    redeliver("payments.refund_failed", key=order_id, subscriber="notifications")
    drain()

    (message,) = mail.outbox
    assert message.to == ["staff@example.com"]
    assert message.subject == f"A refund failed: order {'HP-4711' if known else USER}"
    assert "token=secret" not in message.body  # it opens a guest's order
    assert str(Notification.objects.get().order_id) == str(order_id)
    assert [sent["order_id"] for sent in published("notifications.sent")] == [None]


# Rebuilding -------------------------------------------------------------------------------------
def test_an_order_said_again_fills_in_what_was_not_kept_before():
    order_id = place(coupon="SPRING")
    drain()
    OrderInfo.objects.update(coupon="", subject="")

    redeliver("orders.created", key=order_id, subscriber="notifications")

    order = OrderInfo.objects.get()
    assert (order.coupon, order.subject) == ("SPRING", "5f0c")
    tell("orders.confirmed", order_id)
    drain()
    assert "Discount" not in mail.outbox[0].body
