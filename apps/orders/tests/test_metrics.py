"""How orders end, how long they took and which are overdue, as Prometheus is told."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from prometheus_client import REGISTRY

from apps.orders import operations, queries
from apps.orders.metrics import gauges
from apps.orders.models import Order
from apps.orders.tests.factories import decline, pay, place, sell_out
from eventbus.testing import drain, emit

pytestmark = pytest.mark.django_db
OUTCOMES = ("confirmed", "failed", "cancelled")


@pytest.fixture
def verdicts(django_capture_on_commit_callbacks):
    """What an act has added to the histogram of each outcome, once it is committed."""

    def added(act):
        before = {outcome: observed("count", outcome) for outcome in OUTCOMES}
        with django_capture_on_commit_callbacks(execute=True):
            act()
        grown = {outcome: observed("count", outcome) - before[outcome] for outcome in OUTCOMES}
        return {outcome: count for outcome, count in grown.items() if count}

    return added


def observed(suffix, outcome):
    return REGISTRY.get_sample_value(f"shop_order_seconds_{suffix}", {"outcome": outcome}) or 0


def told(name):
    """The values of a gauge, by its only label if it has one."""
    [metric] = [metric for metric in gauges() if metric.name == name]
    return {next(iter(s.labels.values()), ""): s.value for s in metric.samples}


def test_a_verdict_is_counted_once_whatever_is_told_again(verdicts):
    order = place()

    def hear():
        pay(order)
        pay(order)
        drain()

    assert verdicts(hear) == {"confirmed": 1}
    assert verdicts(drain) == {}


@pytest.mark.parametrize("end", [decline, sell_out])
def test_what_fails_is_told_apart(verdicts, end):
    order = place()

    def hear():
        end(order)
        drain()

    assert verdicts(hear) == {"failed": 1}


def test_only_the_first_verdict_has_a_time(verdicts):
    order = place()
    pay(order)
    drain()

    assert verdicts(lambda: operations.cancel_order(order_id=order.pk, by="staff")) == {}


def test_what_is_rolled_back_is_not_counted(verdicts):
    order = place()

    def change_ones_mind():
        with transaction.atomic():
            assert operations.cancel_order(order_id=order.pk, by="customer")
            transaction.set_rollback(True)

    assert verdicts(change_ones_mind) == {}
    assert verdicts(lambda: operations.cancel_order(order_id=order.pk, by="customer")) == {
        "cancelled": 1
    }


def test_the_time_is_counted_from_the_placing(verdicts):
    order = place()
    Order.objects.update(placed_at=timezone.now() - timedelta(hours=2))
    before = observed("sum", "cancelled")
    verdicts(lambda: operations.time_out([order.pk]))

    assert 7200 <= observed("sum", "cancelled") - before < 7260


def test_the_orders_of_the_last_hour_by_their_status():
    assert set(told("shop_orders").values()) == {0}
    place()
    cancelled = place()
    operations.cancel_order(order_id=cancelled.pk, by="customer")

    assert told("shop_orders") == {
        "PENDING": 1, "CONFIRMED": 0, "SHIPPED": 0, "DELIVERED": 0, "FAILED": 0, "CANCELLED": 1,
    }  # fmt: skip
    assert queries.orders_by_status(placed_since=timezone.now() + timedelta(seconds=1)) == {}
    Order.objects.update(placed_at=timezone.now() - timedelta(hours=1, seconds=1))
    assert set(told("shop_orders").values()) == {0}  # a past made up today has today's ids


def test_an_order_is_slow_when_it_is_pending_for_longer_than_a_payment_takes(settings):
    order = place()
    assert told("shop_orders_slow") == {"": 0}
    longest = settings.ORDER_PAYMENT_WINDOW - queries.SLOWEST_PAYMENT
    Order.objects.update(pay_before=timezone.now() + longest)
    assert told("shop_orders_slow") == {"": 1}
    bank = {"url": "/bank/", "expires_at": timezone.now().isoformat()}
    emit("payments.action_required", {"order_id": str(order.pk)} | bank, key=order.pk)
    drain()
    assert told("shop_orders_slow") == {"": 0}


def test_an_order_is_overdue_while_it_is_pending_after_its_time_to_pay():
    order = place()
    assert told("shop_orders_overdue") == {"": 0}
    Order.objects.update(pay_before=timezone.now() - timedelta(seconds=1))
    assert told("shop_orders_overdue") == {"": 1}
    operations.time_out([order.pk])

    assert told("shop_orders_overdue") == {"": 0}
