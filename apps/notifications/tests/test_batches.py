"""Where orders meet: many events at once come to what they come to one by one, in sets."""

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from uuid_utils.compat import uuid7

from apps.notifications import operations
from apps.notifications.models import Notification, OrderInfo, Refund
from apps.notifications.operations import News
from apps.notifications.tests.factories import parked, place, refund, tell
from eventbus.models import Event
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
TURNS = ["orders.confirmed", "orders.failed", "orders.cancelled", "orders.shipped"]
TURNS += ["orders.delivered"]


def statements(act):
    """How many, without the bus's own (which Django sees on SQLite only)."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return sum("eventbus_" not in one["sql"] for one in captured)


def orders(count):
    """Orders that are known."""
    ids = [place(number=f"HP-{number}", subject=f"s{number}") for number in range(count)]
    drain()
    return ids


def log():
    """What was written, without the times and ids of the rows."""
    fields = ("kind", "occasion", "order_id", "whose", "recipient", "subject", "text", "html")
    return sorted(Notification.objects.values_list(*fields, "state", "attempts"), key=str)


@pytest.mark.parametrize("name", TURNS)
@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_batch_of_any_size_ends_the_same(name, size):
    ids = orders(7)
    for whose in ("s1", "s4"):
        operations.choose(whose=whose, wanted={"order_shipped": False})
    for number, order_id in enumerate(ids):
        tell(name, order_id)
        if number % size == size - 1:
            drain()
    drain()

    unwanted = {"s1", "s4"} if name == "orders.shipped" else set()
    assert [(str(m.order_id), m.subject.split()[1], m.whose) for m in mails_in_order()] == [
        (str(order_id), f"HP-{number}", f"s{number}") for number, order_id in enumerate(ids)
    ]
    assert {m.whose for m in mails_in_order() if m.state == "skipped"} == unwanted
    assert len(mail.outbox) == 7 - len(unwanted)
    assert len(published("notifications.requested")) == 7 - len(unwanted)
    assert len(published("notifications.sent")) == 7 - len(unwanted)


def mails_in_order():
    return sorted(Notification.objects.all(), key=lambda mail: mail.whose)


def test_a_batch_writes_what_single_calls_write():
    ids = orders(4)
    news = [News(order_id=order_id, facts={"carrier": "DHL", "tracking": "1"}) for order_id in ids]
    operations.choose(whose="s2", wanted={"order_shipped": False})

    assert operations.mail_orders(kind="order_shipped", news=news) == 4
    together = log()
    Notification.objects.all().delete()
    for one in news:
        assert operations.mail_orders(kind="order_shipped", news=[one]) == 1

    assert log() == together
    assert operations.mail_orders(kind="order_shipped", news=[*news, news[0]]) == 0
    assert log() == together


def test_what_is_written_already_and_what_is_named_twice_is_written_once():
    first, second = orders(2)
    operations.mail_orders(kind="order_confirmed", news=[News(order_id=first)])
    both = [News(order_id=order_id) for order_id in (second, first, second)]

    assert operations.mail_orders(kind="order_confirmed", news=both) == 1

    assert Notification.objects.count() == 2
    assert len(published("notifications.requested")) == 2


def test_one_unknown_order_keeps_no_other_from_its_mail():
    known, unknown = orders(3), uuid7()
    for order_id in (known[0], unknown, *known[1:]):
        tell("orders.confirmed", order_id)
    drain()

    assert len(mail.outbox) == 3
    assert [waiting.key for waiting in parked()] == [str(unknown)]


def test_a_mail_names_the_event_that_caused_it():
    ids = orders(3)
    for order_id in ids:
        tell("orders.confirmed", order_id)
    drain()

    confirmed = dict(Event.objects.filter(name="orders.confirmed").values_list("key", "event_id"))
    for request in Event.objects.filter(name="notifications.requested"):
        assert request.headers["causation_id"] == str(confirmed[request.key])


def test_refunds_heard_before_their_orders_are_mailed_with_them_in_order():
    ids = [uuid7() for _ in range(3)]
    for order_id in ids:
        refund(order_id, "10.00", "10.00")
        refund(order_id, "29.40", "39.40")
    drain()
    assert Refund.objects.count() == 6
    assert not Notification.objects.exists()

    for order_id in ids:
        place(order_id)
    drain()

    assert len(mail.outbox) == 6
    for order_id in ids:
        requests = published("notifications.requested", key=order_id)
        texts = [Notification.objects.get(pk=one["notification_id"]).text for one in requests]
        assert ["10.00" in text for text in texts] == [True, False]


@pytest.mark.parametrize("count", [1, 10])
def test_remembering_takes_two_statements_however_many_orders(count):
    rows = [
        OrderInfo(order_id=uuid7(), number="1", email="a@example.com", url="", lines=[], tax=0)
        for _ in range(count)
    ]
    for row in rows:
        row.discount = row.shipping = row.total = 0

    assert statements(lambda: operations.remember_orders(rows)) == 2


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize(("kind", "expected"), [("order_confirmed", 4), ("order_delivered", 5)])
def test_writing_takes_as_many_statements_however_many_mails(count, kind, expected):
    """The orders, what is written already, who does without, the rows, which are new."""
    news = [News(order_id=order_id) for order_id in orders(count)]

    assert statements(lambda: operations.mail_orders(kind=kind, news=news)) == expected
