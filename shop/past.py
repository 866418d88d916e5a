"""The past of the demo shop: orders of two months, made by running the real saga with test cards
under a clock that is moved. The same seed draws the same past."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from heapq import heappop, heappush
from importlib import import_module
from itertools import count
from typing import Any
from uuid import UUID

from shop.clock import Clock

DAYS = 60  # that the shop has been open
PAID, DECLINED, CHALLENGED = "4242424242424242", "4000000000009995", "4000000000003220"
CARDS = (PAID, "5555555555554444", PAID)
# How the orders turn out; in the order of their days only after a shuffle.
FATES = {
    "delivered": 25,
    "approved": 3,  # 3-D Secure, then delivered
    "denied": 2,
    "declined": 5,
    "paid again": 3,  # with another card, after a decline: two orders each
    "cancelled by customer": 3,
    "cancelled by staff": 3,
    "timed out": 3,  # 3-D Secure, and no answer
    "refunded in part": 4,
}
OF_LATE = {"shipped": 6, "confirmed": 5}  # placed in the last days, so that nothing more came of it
SCARCE = ("EVB-ORA", "TRH-RED", "LSC-CRM")  # two units each: two customers want all of them
ANSWERED, OVER = timedelta(minutes=6), timedelta(hours=2)
COUPON_EVERY = 5  # customers, with their first order
ENOUGH = 5  # units at first, of what is bought here: what is scarce is left to be seen


def demo_of(context: str) -> Any:
    """What the context has for the demonstration."""
    return import_module(f"apps.{context}.demo")


@dataclass
class Past:
    """Acts in the order of their time; those of one moment are done before the bus is run."""

    seed: int
    clock: Clock
    now: datetime  # where the past ends
    stock: Mapping[str, int]  # units by SKU, at first
    drain: Callable[[], int]
    acts: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)
        self._numbers, self._bought = count(), count()
        self._customers = demo_of("users").load_customers()
        enough = sorted(sku for sku, units in self.stock.items() if units >= ENOUGH)
        self._skus = [sku for sku in enough if not sku.startswith("PLN")]
        self._left = dict(self.stock)
        self.drain()

    def live(self) -> None:
        """From the first day until now."""
        self._plan()
        while self.acts:
            at = self.acts[0][0]
            self.clock.set(at)
            while self.acts and self.acts[0][0] == at:
                heappop(self.acts)[2]()
            self.drain()
        self.clock.set(self.now)
        self.drain()

    # What is to come -----------------------------------------------------------------------------
    def _plan(self) -> None:
        fates = [fate for fate, number in FATES.items() for _ in range(number)]
        self._draw.shuffle(fates)
        moments = sorted(self._draw.uniform(9, DAYS - 1) for _ in range(len(fates) // 2 + 1))
        for place, fate in enumerate(fates):
            self._order_at(self._days_ago(moments[-1 - place // 2]), fate)
        for place, fate in enumerate(name for name, much in OF_LATE.items() for _ in range(much)):
            self._order_at(self._days_ago(5 - 0.45 * place), fate)
        for place, sku in enumerate(SCARCE):
            at = self._days_ago(DAYS - 8 - 15 * place)
            for _ in range(2):
                self._at(at, partial(self._buy, "delivered", {sku: self.stock[sku]}))
        for minutes in (4, 9):
            self._order_at(self.now - timedelta(minutes=minutes), "waiting")

    def _days_ago(self, days: float) -> datetime:
        return self.now - timedelta(minutes=round(days * 24 * 60))

    def _order_at(self, at: datetime, fate: str) -> None:
        self._at(at, partial(self._buy, fate))

    def _at(self, at: datetime, act: Callable[[], object]) -> None:
        """Do it then, unless that is yet to come."""
        if at < self.now:
            heappush(self.acts, (at, next(self._numbers), act))

    # Who does what -------------------------------------------------------------------------------
    def _buy(self, fate: str, units: dict[str, int] | None = None) -> None:
        number = next(self._bought)
        customer = self._customers[number % len(self._customers)]
        owner = f"user:{customer.id}"
        quote = demo_of("cart").quote(
            owner=owner,
            units=units or self._goods(),
            country=customer.address["country"],
            coupon=self._coupon(number),
        )
        order_id = demo_of("orders").place(
            quote=quote,
            owner=owner,
            email=customer.email,
            address=customer.address,
            payment_method=self._card(owner, self._number_for(fate)),
        )
        self._follow(fate, order_id, customer)

    def _coupon(self, number: int) -> str:
        first = number < len(self._customers)
        return "WELCOME10" if first and number % COUPON_EVERY == 0 else ""

    def _goods(self) -> dict[str, int]:
        wanted = [sku for sku in self._skus if self._left[sku] >= ENOUGH]
        goods = dict.fromkeys(self._draw.sample(wanted, self._draw.choice((1, 1, 2, 2, 3))), 1)
        for sku in goods:
            goods[sku] += self._draw.random() < 0.2
            self._left[sku] -= goods[sku]
        return goods

    def _card(self, owner: str, number: str) -> str:
        return str(demo_of("payments").keep_card(owner=owner, number=number))

    def _number_for(self, fate: str) -> str:
        if fate in ("approved", "denied", "timed out", "waiting"):
            return CHALLENGED
        return DECLINED if fate in ("declined", "paid again") else self._draw.choice(CARDS)

    def _follow(self, fate: str, order_id: UUID, customer: Any) -> None:
        now, orders, payments = self.clock.now(), demo_of("orders"), demo_of("payments")
        soon = now + ANSWERED
        match fate:
            case "approved" | "denied":
                approve = fate == "approved"
                self._at(soon, partial(payments.answer, order_id=order_id, approve=approve))
            case "cancelled by customer":
                self._at(soon, partial(orders.cancel, order_id=order_id, by="customer"))
            case "cancelled by staff":
                why = {"by": "staff", "reason": "The parcel came back: no such address."}
                self._at(now + OVER, partial(orders.cancel, order_id=order_id, **why))
            case "timed out":
                self._at(now + OVER, lambda: None)  # the bus does it, when it is time
            case "paid again":
                self._at(soon, partial(self._pay_again, order_id, customer))
        if fate in ("delivered", "approved", "refunded in part", "shipped"):
            self._send(order_id, customer, fate)

    def _pay_again(self, order_id: UUID, customer: Any) -> None:
        method = self._card(f"user:{customer.id}", PAID)
        again = demo_of("orders").retry(order_id=order_id, payment_method=method)
        self._send(again, customer, "delivered")

    def _send(self, order_id: UUID, customer: Any, fate: str) -> None:
        orders, draw, now = demo_of("orders"), self._draw, self.clock.now()
        parcel = {
            "carrier": draw.choice(("DHL", "GLS", "UPS")),
            "tracking": f"{draw.randrange(10**11, 10**12)}",
        }
        sent = now + timedelta(hours=draw.randint(3, 20))
        self._at(sent, partial(orders.ship, order_id=order_id, **parcel))
        if fate == "shipped":
            return
        came = sent + timedelta(hours=draw.randint(30, 90))
        self._at(came, partial(orders.deliver, order_id=order_id))
        tried = came + timedelta(hours=draw.randint(20, 70))
        if fate == "refunded in part":
            why = {"share": Decimal("0.25"), "reason": "A scratch on the way; kept all the same."}
            self._at(tried, partial(demo_of("payments").give_back, order_id=order_id, **why))
        words = {"author": customer.name.split()[0], "draw": draw}
        self._at(tried, partial(demo_of("products").review, order_id=order_id, **words))
