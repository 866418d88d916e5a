"""Does a step that is named, in the world as it is."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.cart import operations as cart
from apps.notifications.operations import resend
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
from shop.tests.explorer.facts import EVENT, ORDERS, Names, time_of
from shop.tests.explorer.scenarios import SKU, Shop, owner
from shop.tests.explorer.steps import TO_RUN, label, short
from shop.tests.explorer.world import World
from shop.tests.shopper import ADDRESS

ENVELOPE = Envelope._fields[1:]  # all but its position
Act = Callable[[], object]


class Doer:
    """Finds out what a step's name means here."""

    def __init__(self, world: World, shop: Shop) -> None:
        self.world, self.shop = world, shop

    def find(self, name: str) -> Act:
        """The step of that name; raises LookupError when there is none here."""
        verb, _, about = name.partition(" ")
        ways: dict[str, Callable[[], Iterator[tuple[str, Act]]]] = {
            "read": self._reads,
            "call": self._parked,
            "retry": self._parked,
            "duplicate": self._duplicates,
            "cancel": self._cancels,
            "approve": self._answers,
            "deny": self._answers,
            "resend": self._resends,
        }
        alone: dict[str, Act] = {
            "batch": partial(self._read_all, about),
            "promote": lambda: schedule.promote(engine(), now=timezone.now()),
            "time": partial(self._move_to, about),
            "wait": lambda: self._move(timedelta(minutes=int(about))),
            "place": partial(self._place, about),
            "edit": partial(self._edit, about),
            "retry": partial(self._retry, about),
        }
        for known, do in ways.get(verb, lambda: iter(()))():
            if known == name:
                return do
        if verb not in alone or (verb == "retry" and about not in self.shop.quotes):
            raise LookupError(name)
        return alone[verb]

    # The bus ------------------------------------------------------------------------------------
    def _reads(self) -> Iterator[tuple[str, Act]]:
        names = Names(self.world)
        for name, cursor in engine().pending({n: one.handlers for n, one in subscribers.items()}):
            handled = subscribers[name].handlers
            found = self.world.rows(
                f"SELECT {EVENT} FROM eventbus_event e JOIN eventbus_cursor c ON e.id > c.pos"
                " AND e.shard >= c.lo AND e.shard < c.hi WHERE c.id = ? AND e.name IN"
                f" ({', '.join('?' * len(handled))}) ORDER BY e.id LIMIT 1",
                cursor,
                *handled,
            )
            yield (
                label("read", name, names.event(*found[0])),
                partial(run_batch, engine(), subscribers[name], cursor, limit=1),
            )

    def _read_all(self, subscriber: str) -> None:
        handlers = subscribers[subscriber].handlers
        while pending := engine().pending({subscriber: handlers}):
            for name, cursor in pending:
                run_batch(engine(), subscribers[name], cursor, limit=100)

    def _parked(self) -> Iterator[tuple[str, Act]]:
        names = Names(self.world)
        rows = self.world.rows(
            f"SELECT e.id, e.subscriber, e.state, {EVENT} FROM eventbus_parked e"
            " ORDER BY e.position, e.subscriber"
        )
        for pk, subscriber, state, *event in rows:
            if verb := TO_RUN.get(state):
                yield (
                    label(verb, subscriber, names.event(*event)),
                    partial(self._run_parked, pk),
                )

    def _run_parked(self, pk: int) -> None:
        """When its time has come: until then the clock of everybody moves."""
        row = Parked.objects.get(pk=pk)
        if row.next_at > timezone.now():
            self._move(row.next_at - timezone.now())
        if row.state == Parked.State.RETRYING:
            retries.retry(engine(), row, now=timezone.now())
        else:
            calls.call(engine(), [row], now=timezone.now())

    def _duplicates(self) -> Iterator[tuple[str, Act]]:
        names = Names(self.world)
        rows = self.world.rows(
            f"SELECT c.subscriber, e.id, {EVENT} FROM eventbus_event e JOIN eventbus_cursor c"
            " ON e.id <= c.pos AND e.shard >= c.lo AND e.shard < c.hi ORDER BY e.id"
        )
        for subscriber, pk, *event in rows:
            if event[0] in subscribers[subscriber].handlers:
                yield (
                    label("duplicate", subscriber, names.event(*event)),
                    partial(self._deliver_again, pk, subscriber),
                )

    def _deliver_again(self, position: int, subscriber: str) -> None:
        deliver_again(position, subscriber, time=self.world.draw())

    # Time, shoppers -----------------------------------------------------------------------------
    def _move(self, by: timedelta) -> None:
        self.world.clock.ahead += by

    def _move_to(self, timer: str) -> None:
        """To when the first of those timers is due."""
        rows = self.world.rows("SELECT due_at FROM eventbus_scheduled WHERE name = ?", timer)
        if not rows:
            raise LookupError(timer)
        at: datetime = min(time_of(at) for (at,) in rows).replace(tzinfo=UTC)
        self._move(max(at - timezone.now(), timedelta()))

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

    def _retry(self, who: str) -> None:
        ((order,),) = self.world.rows("SELECT id FROM orders_order WHERE owner = ?", owner(who))
        with suppress(Refusal):
            orders.retry_order(order_id=UUID(order), payment_method=self.shop.methods[who][-1])

    def _cancels(self) -> Iterator[tuple[str, Act]]:
        names = Names(self.world)
        for pk, *_ in self.world.rows(ORDERS):
            yield (
                f"cancel {short(names(pk))}",
                partial(orders.cancel_order, order_id=UUID(pk), by="customer"),
            )

    def _answers(self) -> Iterator[tuple[str, Act]]:
        names = Names(self.world)
        waiting = "SELECT reference, challenge FROM payments_gatewaycharge WHERE challenge != ''"
        for reference, challenge in self.world.rows(waiting):
            for word, approve in (("approve", True), ("deny", False)):
                yield (
                    f"{word} {short(names(reference))}",
                    partial(challenges.answer, challenge, approve=approve),
                )

    def _resends(self) -> Iterator[tuple[str, Act]]:
        names = Names(self.world)
        held = "SELECT id FROM notifications_notification WHERE state = 'held'"
        for (pk,) in self.world.rows(held):
            yield f"resend {names(pk)}", partial(resend, notification_id=UUID(pk), by="user:7")


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
