"""What of a state matters: its facts without how long ago something was, and without what is kept for
people only. Two states that read the same go on in the same ways."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import Any

from shop.tests.explorer.facts import Due, Event, Facts, Held, Reader, Unread
from shop.tests.explorer.freedom import is_note
from shop.tests.explorer.scenarios import SLOW, Scenario

MINUTE = timedelta(minutes=1)
Part = tuple[int, tuple[int, ...], Callable[..., Any]]  # a cell, those it is read with, and how

READ = {  # the columns that matter; a time only as past or to come
    "orders_order": "id status failure_code refunded retry_of",
    "orders_statuschange": "order_id from_status to_status",
    "orders_timelineentry": "order_id kind",
    "inventory_hold": "order_id status",
    "inventory_ledgerentry": "order_id delta kind",
    "inventory_stockitem": "sku on_hand held",
    "payments_payment": "order_id status reserved placed_at asked_at charge_version captured_amount"
    " refunded_amount refunding_amount challenge asks challenge_expires_at",
    "payments_paymentmethod": "owner used_by_order expires_at",
    "payments_refund": "payment_id status amount asks gateway_version",
    "payments_gatewaycharge": "key reference status version told asked expires_at",
    "payments_gatewayrefund": "key status told amount",
    "payments_gatewaywebhook": "key version",
    "payments_receivedwebhook": "key version",
    "notifications_notification": "order_id kind state attempts sent_at",
    "notifications_mailboxmessage": "subject recipients",
    "cart_cartorder": "order_id status",
    "cart_cart": "owner status",
    "cart_cartline": "cart_id sku quantity",
    "cart_stock": "sku available",
    "products_availability": "sku available",
    "products_boughtorder": "order_id status",
}
SHOWN = {  # what is kept for people only: no handler reads it
    "orders_statuschange": "by",
    "payments_gatewaywebhook": "sent",
    "payments_receivedwebhook": "result deliveries",
}
ENOUGH = {"asks": 5}  # more of it makes no difference


class Reading:
    """Of the facts of a scenario. `reduced`, it is all the same when a note is to be read, and what
    is shown to people only is left out."""

    def __init__(self, reader: Reader, scenario: Scenario, *, reduced: bool = True) -> None:
        self.last, self.reduced = scenario.last, reduced
        self.again = bool(scenario.budget.get("duplicate"))  # whether events come a second time
        self.cells, self.known = reader.cells, reader.known
        self._seen: dict[tuple[int, ...], int] = {}
        self._parts = {
            cell: (others, read)
            for cell, others, read in (*self._tables(), *self._queues(), *self._others())
        }

    def __call__(self, facts: Facts) -> tuple[int, ...]:
        """The same for states that go on alike."""
        return self.parts(facts, self._parts)

    def parts(self, facts: Facts, cells: Iterable[int]) -> tuple[int, ...]:
        """What matters of these cells."""
        found, seen, parts = [], self._seen, self._parts
        for cell in cells:
            others, read = parts[cell]
            what = (cell, facts[cell], *(facts[other] for other in others))
            part = seen.get(what)
            if part is None:
                part = seen[what] = self.known.id(read(*(self.known.values[at] for at in what[1:])))
            found.append(part)
        return tuple(found)

    def digest(self, facts: Facts) -> int:
        """The same in each process."""
        told = repr([self.known.values[part] for part in self(facts)])
        return int.from_bytes(blake2b(told.encode(), digest_size=8).digest())

    def statuses(self, facts: Facts) -> dict[str, str]:
        """Of the orders, by name."""
        return statuses(self.known.values[facts[self.cells.orders]])

    def _tables(self) -> Iterable[Part]:
        for table, columns in READ.items():
            wanted = columns.split() + ([] if self.reduced else SHOWN.get(table, "").split())
            places = [self.cells.columns[table].index(name) for name in wanted]
            most = [ENOUGH.get(name) for name in wanted]
            read = partial(_table, places, most)
            yield self.cells.tables[table], (self.cells.clock,), read
            if table == "orders_order":
                payments = self.cells.tables["payments_payment"]
                yield self.cells.orders, (self.cells.clock, payments), partial(self._orders, read)

    def _queues(self) -> Iterable[Part]:
        for name, cell in self.cells.queue.items():
            yield cell, (self.cells.orders,), partial(self._queue, name)

    def _others(self) -> Iterable[Part]:
        for name, cell in self.cells.handled.items() if self.again else ():
            yield cell, (), partial(self._handled, name)
        for cell in self.cells.parked.values():
            yield cell, (), _parked
        yield self.cells.scheduled, (self.cells.clock,), _scheduled

    def _handled(self, subscriber: str, events: Iterable[Event]) -> Any:
        """What may come a second time."""
        return tuple(
            event[:4]
            for event in events
            if not (self.reduced and is_note(subscriber, event.name, "PENDING"))
        )

    def _orders(self, read: Callable[[Any, Any], Any], rows: Any, now: Any, payments: Any) -> Any:
        """Whether there is time to pay matters until the payment has come to something; then not
        even to the sweep, which comes at the end."""
        columns = self.cells.columns
        order, status = (columns["payments_payment"].index(name) for name in ("order_id", "status"))
        open_until = columns["orders_order"].index("pay_before")
        settled = {row[order] for row in payments if row[status] not in ("new", "requested")}
        in_time = tuple(row[open_until] > now[1] for row in rows if row[0] not in settled)
        return read(rows, now), in_time

    def _queue(self, subscriber: str, queue: Iterable[Unread], orders: Any) -> Any:
        ordered: list[Any] = []
        noted: list[Any] = []
        known = statuses(orders)
        for one in queue:
            may_wait = subscriber in self.last or (
                self.reduced and is_note(subscriber, one.event.name, known.get(one.event.key, ""))
            )
            (noted if may_wait else ordered).append((one.range, one.event[:4]))
        # Those of a range stay as they come.
        return tuple(sorted(ordered, key=lambda one: one[0])), tuple(sorted(noted, key=repr))


def statuses(orders: Any) -> dict[str, str]:
    return {row[0]: row[2] for row in orders}


def _table(places: list[int], most: list[int | None], rows: Any, now: Any) -> Any:
    return tuple(
        sorted(
            (
                tuple(_matters(row[at], top, now[1]) for at, top in zip(places, most, strict=True))
                for row in rows
            ),
            key=repr,
        )
    )


def _matters(value: Any, most: int | None, now: datetime) -> Any:
    if isinstance(value, datetime):
        return value > now
    return value if most is None else min(value, most)


def _parked(rows: Iterable[Held]) -> Any:
    return tuple(sorted(((one.state, one.failed, one.event[:4]) for one in rows), key=repr))


def _scheduled(rows: Iterable[Due], now: Any) -> Any:
    return tuple(sorted((_due(one, now[1]) for one in rows), key=repr))


def _due(one: Due, now: datetime) -> Any:
    """In how many minutes, begun ones counted; of what is slow, only that it comes."""
    ahead = max(0, -((now - one.at) // MINUTE))
    return min(ahead, 1) if one.event.name in SLOW else ahead, one.event[:4]
