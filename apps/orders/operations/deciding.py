"""How orders end or are confirmed: the saga's verdicts, each decided by orders alone."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.db import transaction

from apps.orders.events import MissingLine, OrderCancelled, OrderConfirmed, OrderFailed
from apps.orders.models import Order, OrderLine, TimelineEntry
from apps.orders.operations.moving import Move, News, move_orders
from apps.orders.operations.recording import Told, record_steps
from apps.orders.transitions import Status
from apps.orders.wording import sold_out

Kind = TimelineEntry.Kind


class Missing(Protocol):
    """An article of which too little was left."""

    @property
    def sku(self) -> str: ...
    @property
    def wanted(self) -> int: ...
    @property
    def available(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """Why a payment was declined."""

    order_id: UUID
    message: str  # for the shopper
    decline_code: str | None  # of the gateway
    at: datetime  # so that what follows from it is told after


@transaction.atomic
def confirm_orders(payments: Sequence[Told]) -> set[UUID]:
    """PENDING to CONFIRMED, because they were paid, as the events told (their data is the card:
    brand, last4); says which. Of the others, that had left PENDING already, the timeline tells the
    payment (payments then returns the money by itself)."""
    confirmed = move_orders(
        Status.CONFIRMED, {paid.order_id: Move(by="payments") for paid in payments}, _confirmed
    )
    record_steps(Kind.PAID, payments)
    return confirmed


@transaction.atomic
def fail_sold_out(shortages: Mapping[UUID, Iterable[Missing]]) -> set[UUID]:
    """PENDING to FAILED, because stock is short of what each order's lines want; says which
    failed. The others had left PENDING already."""
    titles = _titles(shortages)
    moves = {}
    for order_id, missing in shortages.items():
        lines = [_with_title(titles, order_id, line) for line in missing]
        message = sold_out(lines)
        changes = {"failure_code": "out_of_stock", "failure_message": message, "missing": lines}
        moves[order_id] = Move(by="inventory", reason=message, changes=changes)
    return move_orders(Status.FAILED, moves, _failed)


@transaction.atomic
def fail_declined(declines: Iterable[Decline]) -> set[UUID]:
    """PENDING to FAILED, because the payment was declined; says which failed. The others had left
    PENDING already."""
    moves = {}
    for decline in declines:
        changes = {
            "failure_code": "payment_declined",
            "failure_message": decline.message,
            "decline_code": decline.decline_code or "",
        }
        moves[decline.order_id] = Move(
            by="payments", reason=decline.message, changes=changes, at=decline.at
        )
    return move_orders(Status.FAILED, moves, _failed)


@transaction.atomic
def cancel_order(*, order_id: UUID, by: str, reason: str = "", actor: str = "") -> bool:
    """PENDING or CONFIRMED to CANCELLED; False when it was too late. `by` is "customer" or
    "staff", `actor` the person of the staff."""
    move = Move(by=by, reason=reason, actor=actor)
    return bool(move_orders(Status.CANCELLED, {order_id: move}, _cancelled))


@transaction.atomic
def time_out(order_ids: Iterable[UUID]) -> set[UUID]:
    """PENDING to CANCELLED, because the time to pay is over; says which were cancelled. The
    others had left PENDING already."""
    move = Move(by="timeout", reason="Not paid in time.")
    moves = dict.fromkeys(order_ids, move)
    return move_orders(Status.CANCELLED, moves, _cancelled, only_from=Status.PENDING)


def _confirmed(order: Order, move: Move) -> News:
    fact = OrderConfirmed(order_id=order.pk, number=order.number)
    return News(fact=fact, kind=Kind.CONFIRMED)


def _cancelled(order: Order, move: Move) -> News:
    by, reason = move.by, move.reason
    fact = OrderCancelled(order_id=order.pk, number=order.number, by=by, reason=reason)
    return News(fact=fact, kind=Kind.CANCELLED, data={"by": by, "reason": reason})


def _failed(order: Order, move: Move) -> News:
    fact = OrderFailed(
        order_id=order.pk,
        number=order.number,
        reason=order.failure_code,
        message=order.failure_message,
        decline_code=order.decline_code or None,
        missing=tuple(MissingLine(**line) for line in order.missing),
    )
    kind = Kind.DECLINED if order.failure_code == "payment_declined" else Kind.SOLD_OUT
    return News(fact=fact, kind=kind, data={"message": order.failure_message})


def _titles(order_ids: Iterable[UUID]) -> dict[tuple[UUID, str], str]:
    lines = OrderLine.objects.filter(order__in=order_ids).order_by()
    return {
        (order_id, sku): title
        for order_id, sku, title in lines.values_list("order_id", "sku", "title")
    }


def _with_title(
    titles: Mapping[tuple[UUID, str], str], order_id: UUID, line: Missing
) -> dict[str, Any]:
    return {
        "sku": line.sku,
        "title": titles.get((order_id, line.sku), line.sku),
        "wanted": line.wanted,
        "available": line.available,
    }
