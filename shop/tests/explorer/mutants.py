"""The shop with one mistake in it, each a patch of its real code, and the scenario that has to find
it. An exploration that does not see a mistake is worth nothing."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

from django.db import connection, transaction

from apps.cart.models import Cart
from apps.cart.operations import outcomes
from apps.inventory import operations as inventory
from apps.notifications import operations as notifications
from apps.notifications.models import Notification
from apps.orders.models import Order, TimelineEntry
from apps.orders.operations import beginning, recording
from apps.payments import operations as payments
from apps.payments.gateway import Declined, GatewayUnavailable, MockGateway
from apps.payments.models import GatewayCharge, GatewayRefund, Payment
from eventbus.registry import subscribers
from shop.tests.explorer.world import World

Patches = Callable[[World], Iterator[Any]]


@dataclass(frozen=True)
class Mutant:
    scenario: str
    patches: Patches
    budget: Mapping[str, int]  # what the mistake needs to show, instead of the scenario's


MUTANTS: dict[str, Mutant] = {}


def mutant(name: str, *, scenario: str, **budget: int) -> Callable[[Patches], Patches]:
    def note(patches: Patches) -> Patches:
        MUTANTS[name] = Mutant(scenario, patches, {"place": 1, **budget})
        return patches

    return note


@contextmanager
def with_mutant(name: str, world: World) -> Iterator[None]:
    """The shop has that mistake in here."""
    with ExitStack() as stack:
        for patch in MUTANTS[name].patches(world):
            stack.enter_context(patch)
        yield


def handled_as(subscriber: str, **names: str) -> Any:
    """Let the subscriber also handle the one event as if it were the other."""
    handlers = subscribers[subscriber].handlers
    new = {name.replace("__", "."): handlers[known] for name, known in names.items()}
    return mock.patch.dict(handlers, new)


@mutant("no cancel tombstone", scenario="paid", cancel=1)
def no_tombstone(world: World) -> Iterator[Any]:
    real = payments.end_payments

    def wrong(order_ids: Any) -> None:
        begun = Payment.objects.filter(order_id__in=order_ids).exclude(status="new")
        real(list(begun.values_list("order_id", flat=True)))

    yield mock.patch.object(payments, "end_payments", wrong)


@mutant("commit on payments.processed", scenario="paid")
def commit_early(world: World) -> Iterator[Any]:
    yield handled_as("inventory", payments__processed="orders.confirmed")


@mutant("oversell", scenario="two", place=2)
def oversell(world: World) -> Iterator[Any]:
    world.rows("PRAGMA ignore_check_constraints = ON")
    yield mock.patch("apps.inventory.operations.book.Book._missing", return_value=())


@mutant("mail without claim", scenario="mails", crash=1)
def no_claim(world: World) -> Iterator[Any]:
    handlers = subscribers["notifications"].handlers
    requested = handlers["notifications.requested"]

    def claim_afterwards(mails: Any) -> None:
        mails = list(mails)
        Notification.objects.filter(pk__in=[mail.pk for mail in mails]).update(state="sending")
        notifications.record_sent(mails)

    unclaimed = replace(requested, record=claim_afterwards)
    yield mock.patch.dict(handlers, {"notifications.requested": unclaimed})
    yield mock.patch(
        "apps.notifications.operations.sending._begin",
        lambda mail, event_id: mail.state == "requested",
    )


@mutant("position apart from its effect", scenario="paid", crash=1)
def no_transaction(world: World) -> Iterator[Any]:
    apart = SimpleNamespace(atomic=lambda **_: nullcontext())
    yield mock.patch("eventbus.delivery.transaction", apart)


@mutant("late success not refunded", scenario="paid", cancel=1, crash=1)
def late_success_kept(world: World) -> Iterator[Any]:
    yield mock.patch("apps.payments.operations.charging.ENDED", ())


@mutant("retry's old hold not freed", scenario="again", retry=1)
def old_hold_kept(world: World) -> Iterator[Any]:
    real = inventory.reserve_stock

    def wrong(*, orders: Any, causes: Any) -> None:
        forgetful = [
            SimpleNamespace(order_id=one.order_id, lines=one.lines, retry_of=None) for one in orders
        ]
        real(orders=forgetful, causes=causes)

    yield mock.patch.object(inventory, "reserve_stock", wrong)


@mutant("refund twice", scenario="paid", cancel=1, crash=1)
def refund_without_key(world: World) -> Iterator[Any]:
    real = MockGateway.refund

    def wrong(self: Any, *, key: str, charge: str, **facts: Any) -> Any:
        GatewayRefund.objects.filter(charge=UUID(charge)).update(status="failed")
        return real(self, key=f"{key}-{world.draw()}", charge=charge, **facts)

    yield mock.patch.object(MockGateway, "refund", wrong)


@mutant("charge without a committed key", scenario="paid", crash=1)
def key_of_the_moment(world: World) -> Iterator[Any]:
    real = MockGateway.charge

    def wrong(self: Any, *, key: str, **facts: Any) -> Any:
        asked = GatewayCharge.objects.filter(reference=facts["reference"]).count()
        return real(self, key=f"{key}-{asked}" if asked else key, **facts)

    yield mock.patch.object(MockGateway, "charge", wrong)


@mutant("cart emptied on created", scenario="declined")
def emptied(world: World) -> Iterator[Any]:
    real = outcomes._hold

    def wrong(carts: Any, cart: Any, order: Any, cause: Any) -> None:
        real(carts, cart, order, cause)
        carts.fill(cart, {}, status=Cart.Status.ORDERED, coupon="")

    yield mock.patch.object(outcomes, "_hold", wrong)


@mutant("expiry decided by inventory", scenario="paid", time=1)
def own_expiry(world: World) -> Iterator[Any]:
    yield handled_as("inventory", orders__payment_due="orders.cancelled")


@mutant("no one-order-per-quote", scenario="cart", place=2, cancel=1)
def quote_used_twice(world: World) -> Iterator[Any]:
    world.rows("DROP INDEX orders_a_quote_makes_one_order")
    yield mock.patch("apps.orders.queries.order_of_quote", return_value=None)


@mutant("confirmed whatever it was", scenario="paid", cancel=1)
def no_arbiter(world: World) -> Iterator[Any]:
    yield mock.patch("apps.orders.operations.moving.before", return_value=list(Order.Status))


@mutant("silence taken for a decline", scenario="late", time=1)
def impatient(world: World) -> Iterator[Any]:
    def wrong(ask: Callable[[], Any]) -> Any:
        try:
            return ask()
        except GatewayUnavailable:
            return Declined(code="processing_error", decline_code="", version=1)

    yield mock.patch("apps.payments.calls._answer", wrong)


@mutant("stock kept after a decline", scenario="declined")
def never_released(world: World) -> Iterator[Any]:
    handlers = subscribers["inventory"].handlers
    kept = {name: one for name, one in handlers.items() if not name.endswith(".failed")}
    yield mock.patch.dict(handlers, kept, clear=True)


@mutant("order announced after its commit", scenario="paid", crash=1)
def announced_later(world: World) -> Iterator[Any]:
    real = beginning._announce

    def wrong(*about: Any) -> None:
        transaction.on_commit(lambda: transaction.atomic(real)(*about))

    yield mock.patch.object(beginning, "_announce", wrong)


@mutant("a note that changes the order", scenario="paid")
def note_that_decides(world: World) -> Iterator[Any]:
    real = recording.record_steps

    def wrong(kind: str, steps: Any) -> None:
        real(kind, steps)
        Order.objects.filter(pk__in=[step.order_id for step in steps]).update(
            shipping_method="seen"
        )

    yield mock.patch("apps.orders.operations.record_steps", wrong)


@mutant("a late note that touches another order", scenario="two", place=2)
def note_about_another(world: World) -> Iterator[Any]:
    real = recording.record_steps

    def wrong(kind: str, steps: Any) -> None:
        real(kind, steps)
        if kind == TimelineEntry.Kind.RESERVED:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE orders_order SET status = 'PENDING' WHERE status = 'FAILED'")

    yield mock.patch("apps.orders.operations.record_steps", wrong)
