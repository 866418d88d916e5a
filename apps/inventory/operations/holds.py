"""What an order holds: taken when it is created, sold when it is confirmed, else given back.

Each takes a batch of orders and decides one after the other, as if each had come alone; the rows
are locked once and written as sets. What an order's hold has come to decides, so that each
takes effect once however often and in whichever order the events arrive. `causes` are the events
that the orders, in their order, come from.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import zip_longest
from typing import Protocol
from uuid import UUID

from django.db import transaction

from apps.inventory.models import Hold
from apps.inventory.operations.book import Book
from eventbus import Envelope, Reject

Status = Hold.Status


class BadQuantity(Reject):
    """An order's line must want 1 unit or more."""


class Wanted(Protocol):
    """One line of an order."""

    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...  # units


class PlacedOrder(Protocol):
    """An order that wants stock."""

    @property
    def order_id(self) -> UUID: ...
    @property
    def lines(self) -> Iterable[Wanted]: ...
    @property
    def retry_of(self) -> UUID | None: ...  # the failed order that it pays again


@transaction.atomic
def reserve_stock(*, orders: Sequence[PlacedOrder], causes: Sequence[Envelope] = ()) -> None:
    """Hold every line of an order or none, and announce which of the two it was; an order that
    fails leaves the stock to the next.

    The hold of `retry_of` is let go first, so that a failed order never starves its own retry.
    Does nothing more for an order that has a hold, was refused, or has ended already. Raises
    BadQuantity; then nothing is held or let go.
    """
    wanted = [_units(order.lines) for order in orders]
    retried = {order.retry_of for order in orders if order.retry_of}
    claims = [Hold(order_id=order_id, status=Status.VOID) for order_id in retried]
    claims += [Hold(order_id=order.order_id) for order in orders]
    book = Book(known=retried, claims=claims, skus={sku for units in wanted for sku in units})
    for order, units, cause in zip_longest(orders, wanted, causes):
        if order.retry_of:
            book.give_back(order.retry_of, "orders.created", cause)
        book.take(order.order_id, units, cause)
        book.settle(cause)
    book.write()


@transaction.atomic
def commit_holds(*, order_ids: Sequence[UUID], causes: Sequence[Envelope] = ()) -> None:
    """Turn the orders' holds into sales: their units leave the stock, with a ledger row each.

    Does nothing for those that were sold before. Raises NotHeld when there is nothing to sell
    for one of them; then none is sold.
    """
    book = Book(known=order_ids)
    for order_id, cause in zip_longest(order_ids, causes):
        book.sell(order_id)
        book.settle(cause)
    book.write()


@transaction.atomic
def release_holds(*, ended: Sequence[tuple[UUID, str]], causes: Sequence[Envelope] = ()) -> None:
    """Give back what the orders hold or have bought, and announce it where there was something.

    Each comes with the name of the event that ended it. An order not heard of yet gets a
    tombstone: whatever it wants later is not held.
    """
    tombstones = [Hold(order_id=key, status=Status.VOID, cause=why) for key, why in ended[::-1]]
    book = Book(known={order_id for order_id, _ in ended}, claims=tombstones)
    for (order_id, why), cause in zip_longest(ended, causes):
        book.give_back(order_id, why, cause)
        book.settle(cause)
    book.write()


def _units(lines: Iterable[Wanted]) -> dict[str, int]:
    """Units by SKU: an article on two lines counts as the sum of both."""
    units: Counter[str] = Counter()
    for line in lines:
        if line.quantity < 1:
            raise BadQuantity(f"{line.sku}: {line.quantity}.")
        units[line.sku] += line.quantity
    return dict(sorted(units.items()))
