"""The saga in numbers, for Prometheus: how orders end, how long they took, and which should have
ended by now."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone
from prometheus_client import Histogram, Metric
from prometheus_client.core import GaugeMetricFamily

from apps.orders import queries
from apps.orders.models import Order

RECENT = timedelta(hours=1)  # a bound on what is counted each time Prometheus asks

SECONDS = Histogram(
    "shop_order_seconds",
    "From an order's placing to its first verdict: confirmed, failed, cancelled.",
    ["outcome"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 1800, 3600),
)


def count_verdict(order: Order) -> None:
    """Observe how long the order took to leave PENDING, if the transaction is committed."""
    seconds = (timezone.now() - order.placed_at).total_seconds()
    observe = partial(SECONDS.labels(order.status.lower()).observe, seconds)
    transaction.on_commit(observe, robust=True)


def gauges() -> Iterable[Metric]:
    """What the orders' table says now."""
    counted = queries.orders_by_status(placed_since=timezone.now() - RECENT)
    by_status = GaugeMetricFamily(
        "shop_orders", "Orders placed in the last hour, by status.", labels=["status"]
    )
    for status in Order.Status.values:
        by_status.add_metric([status], counted.get(status, 0))
    overdue = "Orders still in progress after their time to pay: the saga has lost them."
    slow = (
        "Orders in progress for longer than any honest payment takes: something waits for a person."
    )
    return [
        by_status,
        GaugeMetricFamily("shop_orders_slow", slow, value=queries.slow_orders().count()),
        GaugeMetricFamily("shop_orders_overdue", overdue, value=queries.overdue_orders().count()),
    ]
