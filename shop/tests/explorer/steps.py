"""What may happen next in a state: a subscriber reads an event, a call is made, a timer comes due,
a shopper acts, an event is delivered once more."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.cart import operations as cart
from apps.orders import operations as orders
from apps.orders.operations.placing import Address
from apps.orders.refusals import Refusal
from apps.payments.gateway import challenges
from eventbus import calls, retries, schedule
from eventbus.delivery import invoke, run_batch
from eventbus.engines import engine
from eventbus.envelope import Envelope
from eventbus.handling import Handling
from eventbus.models import Event, Parked
from eventbus.registry import subscribers
from shop.tests.explorer.reading import Names
from shop.tests.explorer.scenarios import SKU, Scenario, Shop, owner
from shop.tests.explorer.world import World
from shop.tests.shopper import ADDRESS

# Timers that no order waits for: carts that expire, the sweep that finds what all else has missed.
SLOW = ("orders.sweep_due", "cart.expired")
ENVELOPE = Envelope._fields[1:]  # all but its position


@dataclass(frozen=True, slots=True)
class Step:
    """Its name says what it is, in any run of the scenario; `kind` is what it costs."""

    name: str
    do: Callable[[], object]
    kind: str = ""


class Steps:
    """Finds the steps of the state that the world is in."""

    def __init__(self, world: World, scenario: Scenario, shop: Shop) -> None:
        self.world, self.scenario, self.shop = world, scenario, shop

    def bus(self) -> list[Step]:
        """What a worker does now by itself, but for those that read last."""
        names = Names(self.world)
        found = [*self._reads(names), *self._parked(names)]
        if self._is_due():
            found.append(Step("promote", lambda: schedule.promote(engine(), now=timezone.now())))
        return found

    def others(self) -> list[Step]:
        """What time, shoppers and bad luck may do, whatever the bus does."""
        names = Names(self.world)
        return [*self._acts(names), *self._times(), *self._duplicates(names)]

    # The bus ------------------------------------------------------------------------------------
    def _reads(self, names: Names) -> Iterator[Step]:
        last = self.scenario.last
        wanted = {name: one.handlers for name, one in subscribers.items() if name not in last}
        for name, cursor in engine().pending(wanted):
            yield Step(
                f"read {name} {self._next(name, cursor, names)}",
                partial(run_batch, engine(), subscribers[name], cursor, limit=1),
            )

    def _next(self, subscriber: str, cursor: int, names: Names) -> str:
        handled = subscribers[subscriber].handlers
        marks = ", ".join("?" * len(handled))
        sql = (
            "SELECT e.name, e.key FROM eventbus_event e JOIN eventbus_cursor c ON e.id > c.pos"
            " AND e.shard >= c.lo AND e.shard < c.hi WHERE c.id = ? AND e.name IN"
        )
        found = self.world.rows(f"{sql} ({marks}) ORDER BY e.id LIMIT 1", cursor, *handled)
        ((name, key),) = found
        return f"{name} {_short(names(key))}"

    def _parked(self, names: Names) -> Iterator[Step]:
        rows = self.world.rows(
            "SELECT id, subscriber, name, key, state FROM eventbus_parked"
            " WHERE state IN ('retrying', 'to call', 'calling') ORDER BY position, subscriber"
        )
        for pk, subscriber, name, key, state in rows:
            verb = "retry" if state == "retrying" else "call"
            label = f"{verb} {subscriber} {name} {_short(names(key))}"
            yield Step(label, partial(self._run_parked, pk))

    def _run_parked(self, pk: int) -> None:
        """When its time has come: until then the clock of everybody moves."""
        row = Parked.objects.get(pk=pk)
        if row.next_at > timezone.now():
            self.world.clock.ahead += row.next_at - timezone.now()
        if row.state == Parked.State.RETRYING:
            retries.retry(engine(), row, now=timezone.now())
        else:
            calls.call(engine(), [row], now=timezone.now())

    def _is_due(self) -> bool:
        return any(due_at <= timezone.now() for _, due_at in self._scheduled())

    def _scheduled(self) -> list[tuple[str, datetime]]:
        rows = self.world.rows("SELECT name, due_at FROM eventbus_scheduled ORDER BY due_at")
        return [(name, _time(at)) for name, at in rows]

    # Time, shoppers, bad luck -------------------------------------------------------------------
    def _times(self) -> Iterator[Step]:
        for name, at in {n: at for n, at in reversed(self._scheduled()) if n not in SLOW}.items():
            if at > timezone.now():
                yield Step(f"time {name}", partial(self._move, at), "time")

    def _move(self, at: datetime) -> None:
        self.world.clock.ahead += at - timezone.now()

    def _acts(self, names: Names) -> Iterator[Step]:
        placed = self.world.rows(
            "SELECT id, owner, status FROM orders_order ORDER BY placed_at, number"
        )
        for who in self.scenario.shoppers:
            mine = [(pk, status) for pk, by, status in placed if by == owner(who)]
            if not mine or self.scenario.budget.get("place", 0) > len(self.scenario.shoppers):
                yield Step(f"place {who}", partial(self._place, who), "place")
            yield Step(f"edit {who}", partial(self._edit, who), "edit")
            if len(mine) == 1 and mine[0][1] == "FAILED":
                yield Step(f"retry {who}", partial(self._retry, who, mine[0][0]), "retry")
            for pk, status in mine:
                if status in ("PENDING", "CONFIRMED"):
                    name = f"cancel {_short(names(pk))}"
                    yield Step(name, partial(self._cancel, pk), "cancel")
        waiting = (
            "SELECT reference, challenge FROM payments_gatewaycharge WHERE status = 'challenged'"
        )
        for reference, challenge in self.world.rows(waiting):
            for word, approve in (("approve", True), ("deny", False)):
                yield Step(
                    f"{word} {_short(names(reference))}",
                    partial(challenges.answer, challenge, approve=approve),
                    "answer",
                )

    def _place(self, who: str) -> None:
        with suppress(Refusal):
            orders.place_order(
                quote=self.shop.quotes[who],
                owner=owner(who),
                email=f"{who.lower()}@example.com",
                address=Address(**ADDRESS),
                payment_method=self.shop.methods[who][0],
            )

    def _edit(self, who: str) -> None:
        with suppress(ValueError):
            cart.add_line(owner=owner(who), sku=SKU, quantity=1)

    def _retry(self, who: str, order: str) -> None:
        with suppress(Refusal):
            orders.retry_order(order_id=UUID(order), payment_method=self.shop.methods[who][-1])

    def _cancel(self, order: str) -> None:
        orders.cancel_order(order_id=UUID(order), by="customer")

    def _duplicates(self, names: Names) -> Iterator[Step]:
        """Of each event of an order, to each subscriber that is explored, has handled it and holds
        nothing back for it."""
        read = self.world.rows(
            "SELECT c.subscriber, e.id, e.name, e.key FROM eventbus_event e JOIN eventbus_cursor c"
            " ON e.id <= c.pos AND e.shard >= c.lo AND e.shard < c.hi"
            " WHERE NOT EXISTS (SELECT 1 FROM eventbus_parked p"
            " WHERE p.subscriber = c.subscriber AND p.key = e.key) ORDER BY e.id"
        )
        for subscriber, pk, name, key in read:
            told = _short(names(key))
            if subscriber in self.scenario.last or name not in subscribers[subscriber].handlers:
                continue
            if told != key:  # an order's
                yield Step(
                    f"duplicate {subscriber} {name} {told}",
                    partial(self._deliver_again, pk, subscriber),
                    "duplicate",
                )

    def _deliver_again(self, position: int, subscriber: str) -> None:
        deliver_again(position, subscriber, time=self.world.draw())


def deliver_again(position: int, subscriber: str, *, time: int) -> None:
    """As an operator's redelivery: the ids of what it publishes are new ones."""
    event = Event.objects.get(pk=position)
    told = Envelope(event.pk, *(getattr(event, name) for name in ENVELOPE))
    told = told._replace(headers={**told.headers, "redelivery": f"{time}"})
    handler = subscribers[subscriber].handlers[event.name]
    if not handler.external:
        with transaction.atomic():
            invoke(handler, [told])
        return
    result = invoke(handler, [told])
    with transaction.atomic(), Handling([told], subscriber):
        if handler.record is not None:
            handler.record([one for one in result if not isinstance(one, Exception | None)])
        elif callable(result):
            result()


def _short(name: Any) -> str:
    """ "cart:A1" is A's first order."""
    return str(name).removeprefix("cart:")


def _time(value: Any) -> datetime:
    time = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return time.replace(tzinfo=UTC)
