"""Moving orders from status to status. Orders is the saga's only arbiter: whoever moves an order
does it here, and its history, timeline and event are in the same commit."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.utils import timezone

from apps.orders.metrics import count_verdict
from apps.orders.models import Order, StatusChange, TimelineEntry
from apps.orders.transitions import Status, before
from eventbus import publish, unschedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Who wants an order to move, and why."""

    by: str  # customer, staff, timeout, inventory, payments
    actor: str = ""  # which person of the staff: "user:<id>"
    reason: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)  # of the order, with its status
    at: datetime | None = None  # when it happened, for the timeline; None: now


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What a move is told as: to the other contexts, and on the timeline."""

    fact: object
    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


def move_orders(
    to: Status,
    moves: Mapping[UUID, Move],
    tell: Callable[[Order, Move], News],
    *,
    only_from: Status | None = None,
) -> set[UUID]:
    """Move those of the orders that may go there by the table of transitions, or only those of
    them in one status; says which moved. To be called inside a transaction.

    Rows are locked in the order of their ids, so that two movers never wait in a circle, and the
    UPDATE names the status that was seen: of two movers of an order one wins.
    """
    # Not FOR UPDATE: that would wait for every row of another transaction that points at these.
    rows = Order.objects.select_for_update(no_key=True).order_by("pk")
    statuses = [status for status in before(to) if only_from in (None, status)]
    orders = list(rows.filter(pk__in=moves, status__in=statuses))
    undecided = [order.pk for order in orders if order.status == Status.PENDING]
    _change_status(orders, to, moves)
    unschedule("orders.payment_due", *undecided)
    _record(orders, to, moves)
    _publish(orders, [tell(_moved(order, to, moves), moves[order.pk]) for order in orders], moves)
    return {order.pk for order in orders}


def _change_status(orders: Iterable[Order], to: Status, moves: Mapping[UUID, Move]) -> None:
    alike = sorted(orders, key=attrgetter("status", "pk"))
    for status, group in groupby(alike, key=attrgetter("status")):
        plain = []
        for order in group:
            changes = moves[order.pk].changes
            if changes:
                _update([order.pk], status, {"status": to, **changes})
            else:
                plain.append(order.pk)
        if plain:
            _update(plain, status, {"status": to})


def _update(ids: Sequence[UUID], status: str, values: Mapping[str, Any]) -> None:
    if Order.objects.filter(pk__in=ids, status=status).update(**values) != len(ids):
        raise RuntimeError("An order that was locked has moved.")  # then nothing is done


def _record(orders: Iterable[Order], to: Status, moves: Mapping[UUID, Move]) -> None:
    now = timezone.now()
    StatusChange.objects.bulk_create(
        StatusChange(
            order=order,
            from_status=order.status,
            to_status=to,
            by=(move := moves[order.pk]).by,
            actor=move.actor,
            reason=move.reason,
            at=now,
        )
        for order in orders
    )


def _moved(order: Order, to: Status, moves: Mapping[UUID, Move]) -> Order:
    """The order as its row is now, without asking for it again; with its first verdict counted."""
    was, order.status = order.status, to
    for name, value in moves[order.pk].changes.items():
        setattr(order, name, value)
    if was == Status.PENDING:
        count_verdict(order)
    return order


def _publish(orders: Sequence[Order], news: Sequence[News], moves: Mapping[UUID, Move]) -> None:
    now = timezone.now()
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            order=order,
            event_id=publish(one.fact, key=order.pk),
            kind=one.kind,
            data=dict(one.data),
            at=moves[order.pk].at or now,
        )
        for order, one in zip(orders, news, strict=True)
    )
