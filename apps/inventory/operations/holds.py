"""What an order holds: taken when it is created, sold when it is confirmed, else given back.

Each of the three is decided by the hold's status in one conditional update, so that it takes
effect once however often and in whichever order the events arrive.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.inventory import queries
from apps.inventory.events import (
    MissingLine,
    ReservationFailed,
    ReservedLine,
    StockReleased,
    StockReserved,
)
from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem
from apps.inventory.operations.rows import lock_items, move_units
from eventbus import Reject, publish

Status = Hold.Status
Kind = LedgerEntry.Kind


class BadQuantity(Reject):
    """An order's line must want 1 unit or more."""


class NotHeld(Reject):
    """The order is confirmed, but nothing is held for it: selling it now could oversell. Find
    out why its hold ended, then cancel the order or adjust the stock by hand."""


class Wanted(Protocol):
    """One line of an order."""

    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...  # units


@transaction.atomic
def reserve_stock(*, order_id: UUID, lines: Iterable[Wanted], retry_of: UUID | None = None) -> None:
    """Hold every line or none, and announce which of the two it was.

    The hold of `retry_of` is let go first, so that a failed order never starves its own retry.
    Does nothing more when the order has a hold, was refused, or has ended already. Raises
    BadQuantity; then nothing is held or let go.
    """
    units = _units(lines)
    if retry_of is not None:
        lock_items({*units, *queries.units_of(retry_of)})  # both orders' rows, in one order
        release_hold(order_id=retry_of, why="orders.created")
    items = lock_items(units)
    hold, is_new = Hold.objects.get_or_create(order_id=order_id)
    if not is_new:
        return
    missing = _missing(units, items)
    if missing:
        _refuse(hold, missing)
    else:
        _take(hold, units, items)


@transaction.atomic
def commit_hold(*, order_id: UUID) -> None:
    """Turn the order's hold into a sale: its units leave the stock, with a ledger row each.

    Does nothing when they were sold before. Raises NotHeld when there is nothing to sell.
    """
    units = queries.units_of(order_id)
    items = lock_items(units)
    if _pass_on(order_id, Status.HELD, Status.COMMITTED, cause="orders.confirmed"):
        move_units(items, units, on_hand=-1, held=-1)
        _record(order_id, units, Kind.SOLD, reason="orders.confirmed")
    elif not Hold.objects.filter(
        order_id=order_id, status__in=[Status.COMMITTED, Status.RESTOCKED]
    ).exists():
        raise NotHeld(f"Order {order_id}.")


@transaction.atomic
def release_hold(*, order_id: UUID, why: str) -> None:
    """Give back what the order holds or has bought, and announce it when there was something.

    `why` is the name of the event that ended the order. An order not heard of yet gets a
    tombstone: whatever it wants later is not held.
    """
    hold, is_tombstone = Hold.objects.get_or_create(
        order_id=order_id, defaults={"status": Status.VOID, "cause": why}
    )
    if is_tombstone or hold.status not in Hold.OPEN:
        return
    units = queries.units_of(order_id)
    items = lock_items(units)
    if _pass_on(order_id, Status.HELD, Status.RELEASED, cause=why):
        move_units(items, units, held=-1)
        _announce_release(order_id, why, restocked=False)
    elif _pass_on(order_id, Status.COMMITTED, Status.RESTOCKED, cause=why):
        move_units(items, units, on_hand=+1)
        _record(order_id, units, Kind.RESTOCKED, reason=why)
        _announce_release(order_id, why, restocked=True)


def _units(lines: Iterable[Wanted]) -> dict[str, int]:
    """Units by SKU: an article on two lines counts as the sum of both."""
    units: Counter[str] = Counter()
    for line in lines:
        if line.quantity < 1:
            raise BadQuantity(f"{line.sku}: {line.quantity}.")
        units[line.sku] += line.quantity
    return dict(sorted(units.items()))


def _missing(units: Mapping[str, int], items: Iterable[StockItem]) -> tuple[MissingLine, ...]:
    available = {item.sku: item.available for item in items}  # an unknown article has none
    return tuple(
        MissingLine(sku=sku, wanted=wanted, available=available.get(sku, 0))
        for sku, wanted in units.items()
        if wanted > available.get(sku, 0)
    )


def _refuse(hold: Hold, missing: tuple[MissingLine, ...]) -> None:
    _pass_on(hold.order_id, Status.HELD, Status.REFUSED, cause="orders.created")
    publish(ReservationFailed(order_id=hold.order_id, missing=missing), key=hold.order_id)


def _take(hold: Hold, units: Mapping[str, int], items: list[StockItem]) -> None:
    move_units(items, units, held=+1)
    HoldLine.objects.bulk_create(
        HoldLine(hold=hold, sku=sku, quantity=quantity) for sku, quantity in units.items()
    )
    lines = tuple(ReservedLine(sku=sku, quantity=quantity) for sku, quantity in units.items())
    publish(StockReserved(order_id=hold.order_id, lines=lines), key=hold.order_id)


def _pass_on(order_id: UUID, before: Status, after: Status, *, cause: str) -> bool:
    """Change the hold's status if it is `before`; says whether it was."""
    hold = Hold.objects.filter(order_id=order_id, status=before)
    return hold.update(status=after, cause=cause, changed_at=timezone.now()) == 1


def _record(order_id: UUID, units: Mapping[str, int], kind: Kind, *, reason: str) -> None:
    sign = -1 if kind == Kind.SOLD else +1
    by = reason.partition(".")[0]
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            sku=sku, delta=sign * quantity, kind=kind, reason=reason, order_id=order_id, by=by
        )
        for sku, quantity in units.items()
    )


def _announce_release(order_id: UUID, why: str, *, restocked: bool) -> None:
    publish(StockReleased(order_id=order_id, why=why, restocked=restocked), key=order_id)
