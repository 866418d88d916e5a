"""The holds of a batch of orders: locked, decided on one order after the other in memory, and
written as sets in the end. So the one order is a batch of one."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from django.utils import timezone

from apps.inventory import queries
from apps.inventory.events import (
    MissingLine,
    ReservationFailed,
    ReservedLine,
    StockReleased,
    StockReserved,
)
from apps.inventory.models import Hold, HoldLine, LedgerEntry
from apps.inventory.operations.rows import Shelf
from eventbus import Envelope, Reject, publish

Status = Hold.Status
Kind = LedgerEntry.Kind
Units = Mapping[str, int]  # by SKU
Fact = StockReserved | ReservationFailed | StockReleased


class NotHeld(Reject):
    """The order is confirmed, but nothing is held for it: selling it now could oversell. Find
    out why its hold ended, then cancel the order or adjust the stock by hand."""


class Book:
    """The orders' holds and the stock rows that they are about.

    An order that has no hold yet gets its first row, its claim, at once: of two transactions that
    want to write it, one waits for the other.
    """

    def __init__(
        self,
        *,
        known: Collection[UUID],  # orders that may hold something already
        claims: Iterable[Hold] = (),  # the first row of every order that may have none
        skus: Iterable[str] = (),  # that are to be held
    ) -> None:
        self._units = queries.units_of(known)  # a hold's lines never change
        self._shelf = Shelf({*skus, *(sku for units in self._units.values() for sku in units)})
        wanted = {hold.order_id: hold for hold in claims if hold.order_id not in self._units}
        self._holds = self._locked({*known, *wanted}, wanted)
        self._fresh = {key for key, hold in wanted.items() if self._holds[key] is hold}
        self._as_written = {key: (hold.status, hold.cause) for key, hold in self._holds.items()}
        self._lock_what_came_late(known)
        self._lines: list[HoldLine] = []
        self._ledger: list[LedgerEntry] = []
        self._facts: list[tuple[Fact, Envelope | None]] = []

    def take(self, order_id: UUID, units: Units, cause: Envelope | None) -> None:
        """Hold all of the order's units or none; nothing when that was decided before."""
        if order_id not in self._fresh:
            return
        self._fresh.remove(order_id)
        hold = self._holds[order_id]
        if missing := self._missing(units):
            self._pass_on(hold, Status.REFUSED, "orders.created")
            self._facts.append((ReservationFailed(order_id=order_id, missing=missing), cause))
            return
        self._pass_on(hold, Status.HELD, "orders.created")
        self._units[order_id] = units
        self._shelf.move(units, held=+1)
        self._lines += [HoldLine(hold=hold, sku=sku, quantity=n) for sku, n in units.items()]
        lines = tuple(ReservedLine(sku=sku, quantity=n) for sku, n in units.items())
        self._facts.append((StockReserved(order_id=order_id, lines=lines), cause))

    def give_back(self, order_id: UUID, why: str, cause: Envelope | None) -> None:
        """Give back what the order holds or has bought; one that has claimed nothing yet will
        hold nothing."""
        hold = self._holds[order_id]
        if order_id in self._fresh:
            self._fresh.remove(order_id)
            self._pass_on(hold, Status.VOID, why)
        elif hold.status == Status.HELD:
            self._shelf.move(self._units_of(order_id), held=-1)
            self._release(hold, Status.RELEASED, why, cause)
        elif hold.status == Status.COMMITTED:
            self._shelf.move(self._units_of(order_id), on_hand=+1)
            self._record(order_id, Kind.RESTOCKED, +1, why)
            self._release(hold, Status.RESTOCKED, why, cause)

    def sell(self, order_id: UUID) -> None:
        """Turn the hold into a sale; nothing when it was sold before. Raises NotHeld."""
        hold = self._holds.get(order_id)
        if hold is not None and hold.status == Status.HELD:
            self._shelf.move(self._units_of(order_id), on_hand=-1, held=-1)
            self._record(order_id, Kind.SOLD, -1, "orders.confirmed")
            self._pass_on(hold, Status.COMMITTED, "orders.confirmed")
        elif hold is None or hold.status not in (Status.COMMITTED, Status.RESTOCKED):
            raise NotHeld(f"Order {order_id}.")

    def settle(self, cause: Envelope | None) -> None:
        """What was done since the last time was one order's."""
        self._shelf.settle(cause)

    def write(self) -> None:
        """Write what was decided, then tell the world."""
        self._write_statuses()
        HoldLine.objects.bulk_create(self._lines)
        LedgerEntry.objects.bulk_create(self._ledger)
        self._shelf.write()
        for fact, cause in self._facts:
            publish(fact, key=fact.order_id, cause=cause)

    def _locked(self, order_ids: set[UUID], claims: Mapping[UUID, Hold]) -> dict[UUID, Hold]:
        """Each order's row: its claim, or the one that stood in the claim's way."""
        mine = [claims[order_id] for order_id in sorted(claims)]
        Hold.objects.bulk_create(mine, ignore_conflicts=True)
        theirs = Hold.objects.filter(order_id__in=order_ids)
        theirs = theirs.exclude(pk__in=[hold.pk for hold in mine])
        locked = theirs.order_by("order_id").select_for_update()
        return {**claims, **{hold.order_id: hold for hold in locked}}

    def _lock_what_came_late(self, known: Iterable[UUID]) -> None:
        """The articles of an order that took them between the look at its lines and the lock of
        its hold: out of turn, which at worst is a deadlock, and the batch is run again."""
        unseen = self._holds.keys() & known - self._units.keys() - self._fresh
        late = [key for key in unseen if self._holds[key].status in Hold.OPEN]
        if late:
            self._units |= queries.units_of(late)
            self._shelf.lock(sku for order_id in late for sku in self._units_of(order_id))

    def _units_of(self, order_id: UUID) -> Units:
        return self._units.get(order_id, {})  # an order without lines holds nothing

    def _missing(self, units: Units) -> tuple[MissingLine, ...]:
        return tuple(
            MissingLine(sku=sku, wanted=wanted, available=available)
            for sku, wanted in units.items()
            if wanted > (available := self._shelf.available(sku))
        )

    def _pass_on(self, hold: Hold, status: Status, cause: str) -> None:
        hold.status, hold.cause = status, cause

    def _release(self, hold: Hold, status: Status, why: str, cause: Envelope | None) -> None:
        self._pass_on(hold, status, why)
        restocked = status == Status.RESTOCKED
        fact = StockReleased(order_id=hold.order_id, why=why, restocked=restocked)
        self._facts.append((fact, cause))

    def _record(self, order_id: UUID, kind: Kind, sign: int, reason: str) -> None:
        by = reason.partition(".")[0]
        self._ledger += [
            LedgerEntry(sku=sku, delta=sign * n, kind=kind, reason=reason, order_id=order_id, by=by)
            for sku, n in self._units_of(order_id).items()
        ]

    def _write_statuses(self) -> None:
        """One statement for all that came to the same."""
        changed: dict[tuple[str, str], list[UUID]] = {}
        for order_id, hold in self._holds.items():
            now = hold.status, hold.cause
            if now != self._as_written[order_id]:
                changed.setdefault(now, []).append(hold.pk)
        for (status, cause), pks in changed.items():
            rows = Hold.objects.filter(pk__in=pks)
            rows.update(status=status, cause=cause, changed_at=timezone.now())
