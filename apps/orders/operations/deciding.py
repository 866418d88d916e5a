"""How an order moves on and ends. Orders is the saga's only arbiter: each verdict is one
conditional update, and its history, timeline and event are in the same commit."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.orders.events import (
    MissingLine,
    OrderCancelled,
    OrderConfirmed,
    OrderDelivered,
    OrderFailed,
    OrderShipped,
)
from apps.orders.metrics import count_verdict
from apps.orders.models import Order, StatusChange, TimelineEntry
from apps.orders.operations.recording import record_step
from apps.orders.queries import CANCELLABLE
from apps.orders.wording import sold_out
from eventbus import publish, unschedule

Status = Order.Status
Kind = TimelineEntry.Kind


class Missing(Protocol):
    """An article of which too little was left."""

    @property
    def sku(self) -> str: ...
    @property
    def wanted(self) -> int: ...
    @property
    def available(self) -> int: ...


@transaction.atomic
def confirm_order(*, order_id: UUID, card: Mapping[str, str], event_id: UUID, at: datetime) -> bool:
    """PENDING to CONFIRMED, because it was paid with `card` (brand, last4) as the event told;
    False when the order had left PENDING already (payments then returns the money by itself)."""
    record_step(order_id=order_id, event_id=event_id, at=at, kind=Kind.PAID, data=card)
    order = _move(order_id, Status.PENDING, Status.CONFIRMED, by="payments")
    if order is None:
        return False
    _tell(order, OrderConfirmed(order_id=order.pk, number=order.number), Kind.CONFIRMED)
    return True


@transaction.atomic
def fail_sold_out(*, order_id: UUID, missing: Iterable[Missing]) -> bool:
    """PENDING to FAILED, because stock is short; False when the order had left PENDING already."""
    lines = _with_titles(order_id, missing)
    message = sold_out(lines)
    changes = {"failure_code": "out_of_stock", "failure_message": message, "missing": lines}
    order = _move(
        order_id, Status.PENDING, Status.FAILED, by="inventory", reason=message, changes=changes
    )
    if order is None:
        return False
    _tell(order, _failed(order), Kind.SOLD_OUT, {"message": message})
    return True


@transaction.atomic
def fail_declined(*, order_id: UUID, message: str, decline_code: str | None, at: datetime) -> bool:
    """PENDING to FAILED, because the payment was declined; False when the order had left PENDING
    already. `message` is for the shopper; `at` is when, so that what follows from it is told after."""
    changes = {
        "failure_code": "payment_declined",
        "failure_message": message,
        "decline_code": decline_code or "",
    }
    order = _move(
        order_id, Status.PENDING, Status.FAILED, by="payments", reason=message, changes=changes
    )
    if order is None:
        return False
    _tell(order, _failed(order), Kind.DECLINED, {"message": message}, at=at)
    return True


@transaction.atomic
def cancel_order(*, order_id: UUID, by: str, reason: str = "") -> bool:
    """PENDING or CONFIRMED to CANCELLED; False when it was too late. `by` is "customer" or
    "staff"."""
    # In the order of life, so that an order that is confirmed in between is not missed.
    return any(_cancel(order_id, status, by=by, reason=reason) for status in CANCELLABLE)


@transaction.atomic
def time_out(*, order_id: UUID) -> bool:
    """PENDING to CANCELLED, because the time to pay is over; False when the order had left
    PENDING already."""
    return _cancel(order_id, Status.PENDING, by="timeout", reason="Not paid in time.")


@transaction.atomic
def ship_order(*, order_id: UUID, carrier: str, tracking: str) -> bool:
    """CONFIRMED to SHIPPED; False when the order was not CONFIRMED (any more)."""
    sent = {"carrier": carrier, "tracking": tracking}
    order = _move(order_id, Status.CONFIRMED, Status.SHIPPED, by="staff", changes=sent)
    if order is None:
        return False
    shipped = OrderShipped(
        order_id=order.pk, number=order.number, carrier=carrier, tracking=tracking
    )
    _tell(order, shipped, Kind.SHIPPED, sent)
    return True


@transaction.atomic
def deliver_order(*, order_id: UUID) -> bool:
    """SHIPPED to DELIVERED; False when the order was not SHIPPED (any more)."""
    order = _move(order_id, Status.SHIPPED, Status.DELIVERED, by="staff")
    if order is None:
        return False
    _tell(order, OrderDelivered(order_id=order.pk, number=order.number), Kind.DELIVERED)
    return True


def _cancel(order_id: UUID, status: Status, *, by: str, reason: str) -> bool:
    order = _move(order_id, status, Status.CANCELLED, by=by, reason=reason)
    if order is None:
        return False
    cancelled = OrderCancelled(order_id=order.pk, number=order.number, by=by, reason=reason)
    _tell(order, cancelled, Kind.CANCELLED, {"by": by, "reason": reason})
    return True


def _move(
    order_id: UUID,
    status: Status,
    to: Status,
    *,
    by: str,
    reason: str = "",
    changes: Mapping[str, Any] | None = None,
) -> Order | None:
    """Change the status in one statement if it still is `status`; of two movers one wins."""
    still = Order.objects.filter(pk=order_id, status=status)
    if still.update(status=to, **(changes or {})) != 1:
        return None
    order = Order.objects.get(pk=order_id)
    StatusChange.objects.create(
        order=order, from_status=status, to_status=to, by=by, reason=reason, at=timezone.now()
    )
    if status == Status.PENDING:
        count_verdict(order)
        unschedule("orders.payment_due", key=order_id)
    return order


def _tell(
    order: Order,
    fact: object,
    kind: Kind,
    data: Mapping[str, Any] | None = None,
    *,
    at: datetime | None = None,
) -> None:
    event_id = publish(fact, key=order.pk)
    TimelineEntry.objects.create(
        order=order, event_id=event_id, kind=kind, data=dict(data or {}), at=at or timezone.now()
    )


def _failed(order: Order) -> OrderFailed:
    return OrderFailed(
        order_id=order.pk,
        number=order.number,
        reason=order.failure_code,
        message=order.failure_message,
        decline_code=order.decline_code or None,
        missing=tuple(MissingLine(**line) for line in order.missing),
    )


def _with_titles(order_id: UUID, missing: Iterable[Missing]) -> list[dict[str, Any]]:
    titles = dict(Order.objects.filter(pk=order_id).values_list("lines__sku", "lines__title"))
    return [
        {
            "sku": line.sku,
            "title": titles.get(line.sku, line.sku),
            "wanted": line.wanted,
            "available": line.available,
        }
        for line in missing
    ]
