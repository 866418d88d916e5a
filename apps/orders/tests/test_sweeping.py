"""Orders that are stuck are found and ended, by the bus itself and by hand."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.utils import timezone
from prometheus_client import REGISTRY

from apps.orders import operations, queries
from apps.orders.models import IdempotencyKey, Order
from apps.orders.operations import sweeping
from apps.orders.tests.factories import pay, place
from eventbus.models import Parked, Scheduled
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
AGO = timedelta(minutes=1)


def lose_deadlines():
    Scheduled.objects.filter(name="orders.payment_due").delete()


def make_stuck(*orders, by=AGO):
    """Their deadline is lost, and has been for as long."""
    lose_deadlines()
    pay_before = timezone.now() - queries.STUCK_AFTER - by
    Order.objects.filter(pk__in=[order.pk for order in orders]).update(pay_before=pay_before)


def swept(outcome):
    return REGISTRY.get_sample_value("shop_orders_swept_total", {"outcome": outcome}) or 0


def sweep(*options):
    out = StringIO()
    call_command("sweep_orders", *options, stdout=out)
    return out.getvalue()


def broken(real, order):
    """As `time_out`, but for that order the database refuses."""

    def time_out(order_ids):
        if order.pk in order_ids:
            raise IntegrityError("a row that nobody expected")
        return real(order_ids)

    return time_out


def test_an_order_whose_deadline_was_lost_is_cancelled_all_the_same():
    order = place()
    lose_deadlines()
    last = Scheduled.objects.get(name="orders.sweep_due").due_at
    assert order.pay_before + queries.STUCK_AFTER < last
    assert last - order.pay_before - queries.STUCK_AFTER <= sweeping.EVERY
    drain(now=last - timedelta(seconds=1))
    assert Order.objects.get().status == "PENDING"
    make_stuck(order)
    drain(now=last)
    assert Order.objects.get().status == "CANCELLED"
    [cancelled] = published("orders.cancelled")
    assert (cancelled["by"], cancelled["reason"]) == ("timeout", "Not paid in time.")
    assert not Scheduled.objects.exists()  # nothing is left to sweep


def test_an_order_whose_deadline_is_a_dead_letter_is_cancelled_all_the_same():
    order = place()
    due = Scheduled.objects.get(name="orders.payment_due")
    body = {name: getattr(due, name) for name in ("event_id", "name", "version", "source", "key")}
    body |= {"shard": due.shard, "payload": due.payload, "headers": due.headers}
    Parked.objects.create(
        **body,
        subscriber="orders",
        position=0,
        state=Parked.State.DEAD,
        occurred_at=timezone.now(),
        next_at=timezone.now(),
        parked_at=timezone.now(),
    )
    make_stuck(order)
    drain(now=Scheduled.objects.get().due_at)
    assert Order.objects.get().status == "CANCELLED"


def test_only_what_is_stuck_is_swept():
    stuck, overdue, paid, new = (place() for _ in range(4))
    pay(paid)
    drain()
    make_stuck(stuck, paid)
    Order.objects.filter(pk=overdue.pk).update(pay_before=timezone.now() - AGO)
    done = operations.sweep_orders()
    assert (done.cancelled, done.failed) == ([stuck.pk], [])
    found = dict(Order.objects.values_list("pk", "status"))
    assert [found[order.pk] for order in (overdue, paid, new)] == [
        "PENDING",
        "CONFIRMED",
        "PENDING",
    ]
    assert operations.sweep_orders().cancelled == []
    assert len(published("orders.cancelled")) == 1


def test_an_order_that_cannot_be_cancelled_keeps_no_other_stuck(
    monkeypatch, django_capture_on_commit_callbacks
):
    poison, other = place(), place()
    make_stuck(poison, other)
    monkeypatch.setattr(sweeping, "time_out", broken(sweeping.time_out, poison))
    before = swept("cancelled"), swept("failed")
    with django_capture_on_commit_callbacks(execute=True):
        done = operations.sweep_on_time()
    assert (done.cancelled, done.failed) == ([other.pk], [poison.pk])
    assert (swept("cancelled"), swept("failed")) == (before[0] + 1, before[1] + 1)
    later = Scheduled.objects.filter(name="orders.sweep_due").earliest("due_at").due_at
    assert timezone.now() < later <= timezone.now() + sweeping.EVERY


def test_what_is_more_than_a_sweep_takes_is_left_for_the_next():
    orders = [place() for _ in range(3)]
    make_stuck(*orders)
    assert operations.sweep_orders(limit=2).cancelled == [order.pk for order in orders[:2]]
    assert operations.sweep_orders(limit=2).cancelled == [orders[2].pk]


def test_the_orders_of_five_minutes_have_one_sweep(django_capture_on_commit_callbacks):
    for _ in range(3):
        with django_capture_on_commit_callbacks(execute=True):
            place()
    sweeps = Scheduled.objects.filter(name="orders.sweep_due")
    assert 1 <= sweeps.count() <= 2  # five minutes may have ended meanwhile


@pytest.mark.parametrize(
    ("minute", "second", "swept_at"), [(0, 0, 5), (0, 1, 5), (4, 59, 5), (5, 0, 10)]
)
def test_sweeps_are_at_full_five_minutes_after(minute, second, swept_at):
    after = datetime(2026, 11, 26, 12, minute, second, tzinfo=UTC)
    assert sweeping.next_sweep(after) == datetime(2026, 11, 26, 12, swept_at, tzinfo=UTC)


def test_the_command_lists_and_changes_nothing_on_a_dry_run():
    order = place()
    make_stuck(order)
    assert json.loads(sweep("--dry-run", "--json")) == {"stuck": [str(order.pk)]}
    assert sweep("--dry-run") == f"1 stuck\n  {order.pk}\n"
    assert Order.objects.get().status == "PENDING"
    assert published("orders.cancelled") == []


def test_the_command_cancels_and_says_what(monkeypatch):
    poison, other = place(), place()
    make_stuck(poison, other)
    real = sweeping.time_out
    monkeypatch.setattr(sweeping, "time_out", broken(real, poison))
    with pytest.raises(CommandError, match="could not be cancelled"):
        sweep()
    monkeypatch.setattr(sweeping, "time_out", real)
    assert json.loads(sweep("--json")) == {"cancelled": [str(poison.pk)], "failed": []}
    assert sweep() == "0 cancelled\n0 failed\n"
    with pytest.raises(CommandError):
        sweep("--limit", "0")


def test_a_sweep_forgets_answers_after_thirty_days():
    """A row's id tells when it was made."""
    keep = {"owner": "user:1", "request": "POST /", "fingerprint": "", "status": 201, "body": {}}
    old = int((timezone.now() - timedelta(days=31)).timestamp() * 1000) << 80
    IdempotencyKey.objects.create(**keep, key="new")
    IdempotencyKey.objects.create(**keep, key="old", id=f"{old:032x}")
    place()
    drain(now=Scheduled.objects.get(name="orders.sweep_due").due_at)
    assert IdempotencyKey.objects.get().key == "new"
