"""What must hold of the orders by themselves, and the facts that the shop compares with those of
the other contexts; read by `manage.py check_invariants` (docs/invariants.md)."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import batched, groupby
from typing import Any
from uuid import UUID

from django.db.models import Count, DecimalField, F, Q, Sum, Value
from django.db.models.functions import Coalesce, Round
from django.utils import timezone

from apps.orders import metrics
from apps.orders.models import IdempotencyKey, Order, OrderLine, Price, StatusChange
from apps.orders.queries import STUCK_AFTER
from apps.orders.transitions import may_move

type Found = Iterator[tuple[str, list[str], list[tuple[str, str]]]]  # words, keys, rows

CHUNK = 500  # rows in memory at once


# Facts, in the order of their first field ---------------------------------------------------------
def orders() -> Iterator[Mapping[str, Any]]:
    """Every order; `total` and `refunded` in its currency."""
    rows = Order.objects.order_by("id").values(
        "number", "status", "customer_id", "total", "refunded", "currency", order_id=F("id")
    )
    return rows.iterator(CHUNK)


def order_lines() -> Iterator[Mapping[str, Any]]:
    """What was ordered, in units."""
    rows = OrderLine.objects.order_by("order_id", "sku").values("order_id", "sku", "quantity")
    return rows.iterator(CHUNK)


def order_steps() -> Iterator[Mapping[str, Any]]:
    """Where each order came from and went."""
    rows = StatusChange.objects.order_by("order_id", "id")
    return rows.values("id", "order_id", "from_status", "to_status").iterator(CHUNK)


def coupon_orders() -> Iterator[Mapping[str, Any]]:
    """By cart, the coupons of the orders that stand."""
    standing = Order.objects.exclude(coupon="").filter(status__in=SOLD)
    rows = standing.order_by("cart_id", "id").values("cart_id", "coupon", order_id=F("id"))
    return rows.iterator(CHUNK)


def known_prices() -> Iterator[Mapping[str, Any]]:
    """What orders knows of the articles."""
    return Price.objects.values("sku", "price", "version", "active").iterator(CHUNK)


# Checks -----------------------------------------------------------------------------------------
SOLD = (Order.Status.CONFIRMED, Order.Status.SHIPPED, Order.Status.DELIVERED)


def unended() -> Found:
    """Orders in progress."""
    for order in Order.objects.filter(status=Order.Status.PENDING).iterator(CHUNK):
        yield from _about(order, "has not ended: PENDING")


def overdue() -> Found:
    """Orders in progress long after their time to pay."""
    late = Order.objects.filter(pay_before__lt=timezone.now() - STUCK_AFTER)
    for order in late.filter(status=Order.Status.PENDING).iterator(CHUNK):
        yield from _about(order, "is PENDING, long after its time to pay")


def off_the_path() -> Found:
    """Orders whose history is no path of the status machine to where they are."""
    rows = Order.objects.order_by("id").values_list("id", "number", "status").iterator(CHUNK)
    steps = groupby(order_steps(), key=lambda step: step["order_id"])
    order_id, path = next(steps, (None, iter(())))
    for pk, number, status in rows:
        mine = list(path) if order_id == pk else []
        if order_id == pk:
            order_id, path = next(steps, (None, iter(())))
        if not leads_to(status, {step["from_status"]: step["to_status"] for step in mine}, mine):
            said = [(step["from_status"], step["to_status"]) for step in mine]
            changed = [("orders_statuschange", str(step["id"])) for step in mine]
            what = f"order {number} is {status}, its history says {said}"
            yield what, [str(pk)], [("orders_order", str(pk)), *changed]


def leads_to(status: str, ways: dict[str, str], steps: list[Any]) -> bool:
    """Whether the steps are one allowed path from the placing to that status. Their order is that
    of their links, not that of the clocks that wrote them."""
    at = ways.get("", "")
    taken = 1
    while at in ways and taken <= len(steps):
        if at not in Order.Status.values or not may_move(at, ways[at]):
            return False
        at, taken = ways[at], taken + 1
    return (at, taken, len(ways)) == (status, len(steps), len(steps))


def wrong_sums() -> Found:
    """Orders whose amounts are not those of their lines."""
    amount = DecimalField(max_digits=14, decimal_places=2)
    priced = Sum(F("lines__quantity") * F("lines__unit_price"), output_field=amount)
    off = Sum("lines__discount", output_field=amount)
    zero = Value(0, output_field=amount)
    orders = Order.objects.order_by("id").annotate(
        of_lines=Round(Coalesce(priced, zero), precision=2),
        off_lines=Round(Coalesce(off, zero), precision=2),
    )
    # Lines that were written before they had a share of the discount say 0.
    wrong = ~Q(of_lines=F("subtotal")) | ~Q(off_lines=F("discount")) & ~Q(off_lines=0)
    total = Round(F("subtotal") - F("discount") + F("shipping"), precision=2)
    for order in orders.filter(wrong | ~Q(total=total) | Q(total__lt=0)).iterator(CHUNK):
        says = f"says {order.subtotal} - {order.discount} + {order.shipping} = {order.total}"
        told = f"{says}, its lines {order.of_lines} - {order.off_lines}"
        yield from _about(order, told)


def lost_answers() -> Found:
    """Stored answers that tell a client of an order that is not there."""
    for row, number in _answers():
        if number is None:
            what = (
                f"the answer kept for {row['request']!r} names order {row['body']['id']}: missing"
            )
            yield what, [str(row["body"]["id"])], [("orders_idempotencykey", str(row["id"]))]


def wrong_answers() -> Found:
    """Stored answers that say otherwise than the order they name."""
    for row, number in _answers():
        if number is not None and row["body"].get("number", number) != number:
            what = (
                f"the answer kept for {row['request']!r} says {row['body']['number']} of {number}"
            )
            yield what, [str(row["body"]["id"])], [("orders_idempotencykey", str(row["id"]))]


def wrong_gauges() -> Found:
    """Numbers of `/metrics` that the table contradicts."""
    before = _recent()
    told = {
        sample.labels["status"]: int(sample.value)
        for metric in metrics.gauges()
        for sample in metric.samples
        if sample.name == "shop_orders"
    }
    after = _recent()  # the hour has moved on meanwhile
    for status in sorted({*told, *before, *after}):
        gauge = told.get(status, 0)
        if not after.get(status, 0) <= gauge <= before.get(status, 0):
            what = f'shop_orders{{status="{status}"}} is {gauge}, the table says {after.get(status, 0)}'
            yield what, [], [("orders_order", f"status={status}")]


def _recent() -> dict[str, int]:
    """Counted without the query of the gauges."""
    since = timezone.now() - timedelta(hours=1)
    rows = Order.objects.filter(placed_at__gte=since).order_by().values_list("status")
    return dict(rows.annotate(orders=Count("id")))


def _answers() -> Iterator[tuple[Mapping[str, Any], str | None]]:
    """The stored answers that name an order, with the number that the order has; None: missing."""
    kept = IdempotencyKey.objects.filter(status__in=[200, 201]).order_by("id")
    rows = kept.values("id", "request", "body")
    for chunk in batched(rows.iterator(CHUNK), CHUNK, strict=False):
        named = [(row, _uuid(row["body"])) for row in chunk]
        ids = [order_id for _, order_id in named if order_id]
        numbers = dict(Order.objects.filter(pk__in=ids).values_list("pk", "number"))
        for row, order_id in named:
            if order_id:
                yield row, numbers.get(order_id)


def _uuid(body: Any) -> UUID | None:
    try:
        return UUID(body["id"])
    except (KeyError, TypeError, ValueError):  # erased, or of nothing that has an id
        return None


def _about(order: Order, what: str) -> Found:
    yield f"order {order.number} {what}", [str(order.pk)], [("orders_order", str(order.pk))]


FACTS = {
    "orders": orders,
    "order_lines": order_lines,
    "order_steps": order_steps,
    "coupon_orders": coupon_orders,
    "known_prices": known_prices,
}
ALWAYS = {
    "I8": [overdue],
    "I10": [off_the_path],
    "I11": [lost_answers],
    "I12": [wrong_answers],
    "I13": [wrong_sums],
    "I17": [wrong_gauges],
}
AT_REST = {"I8": [unended]}
