"""Several mails over one connection: each has an outcome of its own, and a crash leaves one unknown."""

import smtplib
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.notifications import delivery, metrics, operations
from apps.notifications.models import UNKNOWN_AFTER, Notification
from apps.notifications.tests.backends import Recording
from apps.notifications.tests.factories import NotificationFactory, parked, place, refund, tell
from eventbus import worker
from eventbus.cursors import ensure_cursors
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
BACKENDS = "apps.notifications.tests.backends."
LOCMEM = "django.core.mail.backends.locmem.EmailBackend"
REFUSED = smtplib.SMTPRecipientsRefused({"b": (550, b"no such user")})


class Killed(KeyboardInterrupt):
    """The end of the process, as far as it can be played here: the bus lets it pass."""


@pytest.fixture
def server(settings):
    settings.EMAIL_BACKEND = BACKENDS + "Recording"
    Recording.did.clear()
    Recording.unlucky.clear()
    return Recording


def written(*recipients):
    return [NotificationFactory(recipient=recipient).pk for recipient in recipients]


def send(ids, events=None):
    """Have the mails sent, each for an event of its own that asks for it."""
    return operations.send([(each, (events or {}).get(each) or uuid7()) for each in ids])


def states(ids):
    found = dict(Notification.objects.values_list("pk", "state"))
    return [found[each] for each in ids]


def record(results):
    """Record those that can be, as the bus does; says what kind each result was."""
    operations.record_sent([each for each in results if isinstance(each, Notification)])
    return [
        type(each).__name__ if isinstance(each, Exception) else "sent" if each else "nothing to do"
        for each in results
    ]


def test_several_mails_take_one_connection(server):
    ids = written("a", "b", "c")

    assert record(send(ids)) == ["sent"] * 3

    assert server.did == ["open", "a", "b", "c", "close"]
    assert states(ids) == ["sent"] * 3


def test_a_refusal_is_one_mail_s(server):
    server.unlucky["b"] = REFUSED
    ids = written("a", "b", "c")

    assert record(send(ids)) == ["sent", "NotDelivered", "sent"]

    assert states(ids) == ["sent", "failed", "sent"]


def test_a_broken_connection_leaves_the_mail_under_way_unknown_and_begins_no_other(server):
    server.unlucky["b"] = smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
    ids = written("a", "b", "c", "d")

    assert record(send(ids)) == ["sent", "nothing to do", "Retry", "Retry"]

    assert server.did == ["open", "a", "b", "close"]
    assert states(ids) == ["sent", "held", "requested", "requested"]
    assert record(send(ids[2:])) == ["sent", "sent"]


def test_a_server_that_cannot_be_reached_is_tried_once_for_all(settings, monkeypatch):
    settings.EMAIL_BACKEND = BACKENDS + "Unreachable"
    opened = []
    monkeypatch.setattr(
        delivery, "get_connection", lambda: opened.append(1) or mail.get_connection()
    )
    ids = written("a", "b", "c")

    assert record(send(ids)) == ["NotDelivered"] * 3

    assert opened == [1]
    found = Notification.objects.values_list("state", "attempts", "error").distinct()
    assert list(found) == [("failed", 1, "ConnectionRefusedError: Connection refused")]


def test_a_server_that_has_hung_up_between_two_mails_is_connected_to_anew(server, settings):
    settings.EMAIL_BACKEND = BACKENDS + "Impatient"
    ids = written("a", "b", "c")

    assert record(send(ids)) == ["sent"] * 3

    assert server.did == ["open", "a", "b", "close", "open", "c", "close"]


def test_a_mail_that_is_asked_for_twice_in_a_batch_is_sent_once(server):
    (notification_id,) = written("a")

    assert record(send([notification_id, notification_id])) == ["sent", "sent"]

    assert server.did == ["open", "a", "close"]
    assert len(published("notifications.sent")) == 1


def test_a_mail_that_is_not_there_keeps_no_other(server):
    (notification_id,) = written("a")

    assert record(send([uuid7(), notification_id])) == ["DoesNotExist", "sent"]


# A crash ----------------------------------------------------------------------------------------
def test_a_crash_leaves_one_mail_unknown_and_the_others_what_they_are(server):
    server.unlucky["b"] = Killed()
    ids = written("a", "b", "c")
    events = {each: uuid7() for each in ids}
    with pytest.raises(Killed):
        send(ids, events)
    server.unlucky.clear()
    server.did.clear()

    results = send(ids, events)

    assert record(results) == ["sent", "nothing to do", "sent"]
    assert server.did == ["open", "c", "close"]
    assert states(ids) == ["sent", "held", "sent"]
    assert len(published("notifications.sent")) == 2


def test_what_another_event_has_begun_may_be_under_way_yet(server):
    server.unlucky["b"] = Killed()
    ids = written("a", "b", "c")
    with pytest.raises(Killed):
        send(ids)
    server.unlucky.clear()

    assert record(send(ids)) == ["sent", "Retry", "sent"]

    assert states(ids) == ["sent", "sending", "sent"]
    Notification.objects.update(begun_at=timezone.now() - UNKNOWN_AFTER - timedelta(seconds=1))
    assert record(send(ids)) == ["nothing to do"] * 3
    assert states(ids) == ["sent", "held", "sent"]
    assert len(published("notifications.sent")) == 2


def test_the_bus_calls_again_after_a_crash_and_nothing_is_sent_twice(server, settings):
    settings.EMAIL_BACKEND = BACKENDS + "Unreachable"
    for number in range(4):
        tell("orders.confirmed", place(email=f"{number}@example.com"))
    drain()
    ids = Notification.objects.order_by("recipient").values_list("pk", flat=True)
    settings.EMAIL_BACKEND = BACKENDS + "Recording"
    server.unlucky["2@example.com"] = Killed()
    asking = {row.payload["notification_id"]: row.event_id for row in parked()}
    with pytest.raises(Killed):
        operations.send([(each, asking[str(each)]) for each in ids])
    parked().update(state="calling", next_at=timezone.now())
    server.unlucky.clear()

    drain(now=timezone.now() + timedelta(minutes=1))

    assert states(ids) == ["sent", "sent", "held", "sent"]
    assert not parked().exists()
    assert sorted(did for did in server.did if "@" in did) == [f"{n}@example.com" for n in range(4)]
    assert len(published("notifications.sent")) == 3


def test_an_order_s_later_mails_go_out_though_the_sender_of_the_first_was_killed(server, caplog):
    order_id = place(email="ada@example.com")
    tell("orders.confirmed", order_id)
    server.unlucky["ada@example.com"] = Killed()
    with pytest.raises(Killed):
        drain()
    server.unlucky.clear()
    tell("orders.cancelled", order_id)
    refund(order_id, "39.40", "39.40")

    drain(now=timezone.now() + timedelta(seconds=5))

    found = Notification.objects.order_by("pk").values_list("kind", "state", "attempts")
    assert list(found) == [
        ("order_confirmed", "held", 1),
        ("order_cancelled", "sent", 1),
        ("payment_refunded", "sent", 1),
    ]
    assert server.did.count("ada@example.com") == 3
    assert not parked().exists()
    held = Notification.objects.get(state="held").pk
    assert f"mail {held} is held" in caplog.text
    (gauge,) = metrics.gauges()
    assert [sample.value for sample in gauge.samples] == [1]

    assert operations.resend(notification_id=held, by="7") is True
    drain()
    assert server.did.count("ada@example.com") == 4
    assert {*Notification.objects.values_list("state", flat=True)} == {"sent"}


def test_mails_that_were_resent_are_recorded_among_others():
    for order_id in [place() for _ in range(3)]:
        tell("orders.confirmed", order_id)
    drain()
    for notification in Notification.objects.all():
        operations.resend(notification_id=notification.pk, by="7")
    tell("orders.confirmed", place())
    drain()

    assert len(mail.outbox) == 7
    assert len(published("notifications.sent")) == 7
    assert not parked().exists()


# Sets -------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_caller_sends_many_mails_and_records_them_together():
    for _ in range(5):
        tell("orders.confirmed", place())
    ensure_cursors()  # a test before may have left none
    reading = worker.Worker()
    while parked().count() < 5:
        reading.step()

    assert worker.Caller().step() == 5

    assert set(Notification.objects.values_list("state", flat=True)) == {"sent"}
    assert len(mail.outbox) == 5
    assert not parked().exists()
    drain()


@pytest.mark.parametrize("count", [1, 10])
def test_sending_takes_two_statements_a_mail_and_one_for_all(server, count):
    """Read at once; each begun, and noted as taken before the next one; two record all."""
    ids = written(*(f"{number}" for number in range(count)))
    with CaptureQueriesContext(connection) as captured:
        results = send(ids)
    assert len(captured) == 1 + count + (count - 1)

    with CaptureQueriesContext(connection) as captured:
        record(results)
    assert sum("eventbus_" not in one["sql"] for one in captured) == 2
