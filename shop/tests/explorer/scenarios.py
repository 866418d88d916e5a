"""What is explored: a small shop, who does what there, and how often at most."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from apps.cart import operations as cart
from apps.inventory.operations import adjust_stock
from apps.payments import calls as payments
from apps.payments.gateway import Card
from apps.products import operations as products
from eventbus.models import Scheduled
from eventbus.operating import split
from eventbus.registry import subscribers
from eventbus.testing import drain
from shop.tests.cards import CHALLENGED, GOOD, NO_FUNDS, REFUND_FAILS, SILENT_THEN_PAID
from shop.tests.explorer.world import World

SKU = "THING"
TOLD_BACKWARDS = "9911730000000043"
BROKEN_TWICE = "9911730000000068"
SILENT = "9911730000000027"
REFUND_LATE = "4000000000007726"

# Who reads when all the others are done: what they write is read by nobody that is explored with
# them, so it is all the same when they read. Other scenarios explore them.
LATER = timedelta(days=1)  # than the last timer that an order waits for
LAST = ("products", "users", "notifications", "cart")
# Timers that no order waits for: the sweep that finds what all else has missed, carts that expire.
SLOW = ("orders.sweep_due", "cart.expired")
FAULTS = {"crash": 4, "duplicate": 3, "time": 1}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A beginning and the acts that may follow it, in any order."""

    says: str
    cards: tuple[str, ...] = (GOOD,)  # of each shopper, for one order after the other
    shoppers: str = "A"
    units: int = 10  # so many that none are scarce
    budget: Mapping[str, int] = field(default_factory=dict)  # times at most, by kind of act
    last: tuple[str, ...] = LAST
    ranges: int = 1  # of each subscriber: orders in different ones overtake each other


@dataclass
class Shop:
    """What shoppers hold in their hands."""

    quotes: dict[str, str]
    methods: dict[str, list[str]]


def open_shop(scenario: Scenario, world: World) -> Shop:
    """Goods on the shelf, a unit in each shopper's cart, and a quote for it."""
    facts: Any = {"title": "Thing", "description": "A thing."}
    products.save_category(slug="things", title="Things")
    products.save_product(slug="thing", category="things", **facts)
    products.save_variant(sku=SKU, product="thing", price=Decimal("10.00"), picture="mug-blue")
    drain()
    adjust_stock(sku=SKU, delta=scenario.units, reason="First stock", by="test")
    drain()
    for name in subscribers:
        split(name, into=scenario.ranges, by="test")
    shop = Shop({}, {})
    for who in scenario.shoppers:
        cart.add_line(owner=owner(who), sku=SKU, quantity=1)
        quote = cart.make_quote(owner=owner(who), country="DE", shipping_method="standard")
        shop.quotes[who] = quote.token
        shop.methods[who] = [_method(who, number) for number in scenario.cards]
    drain()
    for timer in Scheduled.objects.filter(name__in=SLOW):
        Scheduled.objects.filter(pk=timer.pk).update(due_at=timer.due_at + LATER)
    return shop


def owner(who: str) -> str:
    return f"cart:{who}"


def _method(who: str, number: str) -> str:
    card = Card(number=number, exp_month=12, exp_year=2035, cvc="123")
    return payments.tokenise(owner=owner(who), card=card).token


def _of(says: str, **more: Any) -> Scenario:
    """One order, with all faults and two cancels."""
    acts = more.pop("acts", {})
    return Scenario(says=says, budget={"place": 1, "cancel": 2, **FAULTS, **acts}, **more)


SCENARIOS = {
    "paid": _of("a good card"),
    "declined": _of("a card without funds", cards=(NO_FUNDS,)),
    "challenged": _of("3-D Secure, approved or denied", cards=(CHALLENGED,), acts={"answer": 1}),
    "late": _of("no answer, then a webhook: paid", cards=(SILENT_THEN_PAID,), acts={"time": 2}),
    "silent": _of("no answer, ever", cards=(SILENT,), acts={"time": 2}),
    "broken": _of("the gateway fails twice", cards=(BROKEN_TWICE,), acts={"time": 2}),
    "backwards": _of("webhooks in the wrong order", cards=(TOLD_BACKWARDS,), acts={"time": 2}),
    "refund-fails": _of("a refund that fails", cards=(REFUND_FAILS,), acts={"time": 2}),
    "refund-late": _of("a refund that takes a while", cards=(REFUND_LATE,), acts={"time": 2}),
    "again": _of(
        "declined and paid again, with one unit there",
        cards=(NO_FUNDS, GOOD),
        units=1,
        ranges=8,
        acts={"retry": 1},
    ),
    "cart": _of(
        "the quote is posted twice and the cart edited meanwhile",
        last=("products", "users", "notifications"),
        acts={"place": 2, "edit": 1},
    ),
    "mails": _of(
        "mails are sent while all goes on",
        last=("products", "users", "cart"),
        acts={"duplicate": 0},
    ),
    "two": Scenario(
        says="two orders for one unit",
        shoppers="AB",
        units=1,
        ranges=8,
        budget={"place": 2, "cancel": 1, "crash": 1, "duplicate": 1},
    ),
    "two-declined": Scenario(
        says="two orders for one unit, both declined and paid again",
        shoppers="AB",
        units=1,
        ranges=8,
        cards=(NO_FUNDS, GOOD),
        budget={"place": 2, "retry": 1, "cancel": 1, "crash": 1, "duplicate": 1, "time": 1},
    ),
}
