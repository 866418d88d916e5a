"""Everything told again: no mail leaves a second time, and the log of mails stays as it was."""

import pytest
from django.core import mail

from apps.notifications import operations
from apps.notifications.models import Notification, OptOut, OrderInfo, Refund
from apps.notifications.tests.factories import (
    ACCOUNT,
    MORE,
    back_in_stock,
    low_stock,
    place,
    refund,
    refund_failed,
    tell,
    tell_of_account,
)
from eventbus.models import Event
from eventbus.replay import replay
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db


def everything():
    """One event of each kind that a mail is written for."""
    for name in MORE:
        tell(name, place())
    order_id = place()
    refund(order_id, "39.40", "39.40")
    refund_failed(order_id)
    for name in ACCOUNT:
        tell_of_account(name)
    back_in_stock()
    low_stock()
    drain()


def log():
    return sorted(map(str, Notification.objects.values_list()))


def events():
    return Event.objects.order_by("pk").values_list("name", flat=True)


def test_replaying_the_subscriber_mails_nothing():
    everything()
    mails, before, said = len(mail.outbox), log(), list(events())
    assert mails == len(Notification.Kind)

    replay("notifications", "beginning", by="ops")
    drain()

    assert len(mail.outbox) == mails
    assert log() == before
    assert list(events()) == said


def test_delivering_each_event_again_mails_nothing():
    everything()
    mails, before, said = len(mail.outbox), log(), list(events())

    for event in Event.objects.exclude(name="notifications.sent"):
        redeliver(event.name, key=event.key, subscriber="notifications")
    drain()

    assert len(mail.outbox) == mails
    assert log() == before
    assert list(events()) == said


def test_after_a_loss_a_rebuild_writes_the_mails_anew_and_sends_none():
    tell("orders.confirmed", place())
    drain()
    for model in (Notification, OrderInfo, Refund, OptOut):
        model.objects.all().delete()

    replay("notifications", "beginning", by="ops")
    drain()

    lost = Notification.objects.get()
    assert (lost.kind, lost.state, lost.attempts) == ("order_confirmed", "requested", 0)
    assert len(mail.outbox) == 1
    operations.resend(notification_id=lost.pk, by="7")
    drain()
    assert len(mail.outbox) == 2
    assert len(published("notifications.sent")) == 2
