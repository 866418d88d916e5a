from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone

from apps.notifications import operations
from apps.notifications.models import UNKNOWN_AFTER, Notification
from apps.notifications.tests.backends import Watching
from apps.notifications.tests.factories import NotificationFactory, parked, place, send, tell
from eventbus import Retry
from eventbus.operating import retry_dead
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db

LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
BAD = "apps.notifications.tests.backends."


def confirmed_order():
    order_id = place()
    tell("orders.confirmed", order_id)
    return order_id


def later(**time):
    return timezone.now() + timedelta(**time)


@pytest.mark.parametrize(
    ("backend", "told", "words"),
    [
        ("Unreachable", "ConnectionRefusedError", "Connection refused"),
        ("Refusing", "SMTPRecipientsRefused", "no such user"),
    ],
)
def test_a_mail_that_was_not_taken_is_tried_again_later(settings, backend, told, words):
    settings.EMAIL_BACKEND = BAD + backend
    order_id = confirmed_order()
    drain()

    notification = Notification.objects.get()
    assert (notification.state, notification.attempts) == ("failed", 1)
    assert words in notification.error
    waiting = parked().get()
    assert (waiting.name, waiting.state) == ("notifications.requested", "to call")
    assert f"NotDelivered: {told}" in waiting.error
    assert "ada@example.com" not in waiting.error
    assert published("notifications.sent") == []

    settings.EMAIL_BACKEND = LOCMEM
    drain(now=later(hours=1))

    notification.refresh_from_db()
    assert (notification.state, notification.attempts, notification.error) == ("sent", 2, "")
    assert len(mail.outbox) == 1
    assert len(published("notifications.sent", key=order_id)) == 1
    assert not parked().exists()


def test_a_mail_that_is_never_taken_becomes_a_dead_letter_that_resending_makes_harmless(settings):
    settings.EMAIL_BACKEND = BAD + "Refusing"
    confirmed_order()
    for hour in range(12):
        drain(now=later(hours=hour))
    notification = Notification.objects.get()
    assert (notification.state, notification.attempts) == ("failed", 10)
    assert parked().get().state == "dead"

    settings.EMAIL_BACKEND = LOCMEM
    assert operations.resend(notification_id=notification.pk, by="7") is True
    drain()
    retry_dead(None)
    drain()

    notification.refresh_from_db()
    assert notification.state == "sent"
    assert len(mail.outbox) == 1
    assert not parked().exists()


def test_a_connection_lost_in_the_middle_is_held_for_a_person(settings):
    settings.EMAIL_BACKEND = BAD + "HangingUp"
    confirmed_order()
    drain()
    settings.EMAIL_BACKEND = LOCMEM
    drain(now=later(days=1))
    notification = Notification.objects.get()
    redeliver("notifications.requested", key=notification.order_id, subscriber="notifications")

    notification.refresh_from_db()
    assert (notification.state, notification.attempts) == ("held", 1)
    assert "Connection unexpectedly closed" in notification.error
    assert mail.outbox == []
    assert not parked().exists()


def test_a_process_that_died_while_sending_sends_nothing_twice(settings):
    settings.EMAIL_BACKEND = BAD + "Unreachable"
    confirmed_order()
    drain()
    settings.EMAIL_BACKEND = LOCMEM
    begun = {"begun_at": timezone.now(), "begun_by": parked().get().event_id}
    Notification.objects.update(state="sending", **begun)
    parked().update(state="calling", next_at=timezone.now())

    drain(now=later(seconds=5))

    assert mail.outbox == []
    assert not parked().exists()
    notification = Notification.objects.get()
    assert (notification.state, notification.is_unknown) == ("held", True)

    operations.resend(notification_id=notification.pk, by="7")
    drain()

    notification.refresh_from_db()
    assert notification.state == "sent"
    assert len(mail.outbox) == 1


def test_a_dead_letter_retried_by_hand_is_no_second_mail():
    notification = NotificationFactory(
        state="sending", begun_at=timezone.now() - UNKNOWN_AFTER - timedelta(seconds=1)
    )

    assert send(notification.pk) is None

    notification.refresh_from_db()
    assert notification.state == "held"
    assert mail.outbox == []


def test_while_one_attempt_runs_no_other_begins():
    notification = NotificationFactory(state="sending", begun_at=timezone.now())

    with pytest.raises(Retry):
        send(notification.pk)
    assert operations.resend(notification_id=notification.pk, by="7") is False

    notification.refresh_from_db()
    assert notification.state == "sending"
    assert not notification.resends.exists()
    assert mail.outbox == []
    assert published("notifications.requested") == []


def test_a_result_is_recorded_once():
    notification = NotificationFactory(state="sending")

    assert operations.record_sent([notification]) == 1
    assert operations.record_sent([notification]) == 0

    assert len(published("notifications.sent")) == 1


def test_resending_makes_one_more_attempt_and_notes_who_asked():
    order_id = confirmed_order()
    drain()
    notification = Notification.objects.get()

    for _ in range(2):  # an impatient click
        operations.resend(notification_id=notification.pk, by="7")
    drain()
    redeliver("notifications.requested", key=notification.pk, subscriber="notifications")

    assert [m.subject for m in mail.outbox] == ["Order HP-4711 is confirmed"] * 2
    notification.refresh_from_db()
    assert (notification.state, notification.attempts) == ("sent", 2)
    asked = [(resend.by, resend.before) for resend in notification.resends.order_by("pk")]
    assert asked == [("7", "sent"), ("7", "requested")]
    assert len(published("notifications.sent", key=order_id)) == 2


@pytest.mark.django_db(transaction=True)
def test_the_attempt_is_committed_before_it_is_made(settings):
    settings.EMAIL_BACKEND = BAD + "Watching"
    Watching.seen.clear()
    confirmed_order()
    drain()

    assert Watching.seen == [(["sending"], False)]
    assert Notification.objects.get().state == "sent"


def test_no_address_is_logged(settings, caplog):
    settings.EMAIL_BACKEND = BAD + "Refusing"
    caplog.set_level("DEBUG")
    confirmed_order()
    drain()

    assert "ada@example.com" not in caplog.text
