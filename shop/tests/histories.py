"""What shoppers, staff, time and bad luck may do to the shop, one act after the other. An act that
the shop refuses is an act as well; that it answers with a 5xx is not."""

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import uuid4

from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from apps.cart.models import Coupon
from apps.inventory import operations as inventory
from apps.notifications.models import Notification
from apps.notifications.operations import resend
from apps.orders import operations as orders
from apps.orders.models import Order
from apps.payments import operations as payments
from apps.payments.models import Payment
from apps.products import operations as products
from eventbus.engines import engine
from eventbus.models import Event, Parked
from eventbus.operating import skip, split
from eventbus.registry import subscribers
from eventbus.testing import drain, redeliver
from shop.clock import Clock
from shop.invariants import violations
from shop.tests.cards import GOOD, NO_FUNDS
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Answer, Shopper

LATE = timedelta(minutes=14)  # at most, that one context hears of another: see coupons.GRACE


class Killed(KeyboardInterrupt):
    """The process dies here."""


@dataclass
class Person:
    """A shopper, and what they keep in open tabs."""

    api: Shopper = field(default_factory=Shopper)
    quotes: list[str] = field(default_factory=list)
    posted: list[tuple[str, str, str]] = field(default_factory=list)  # quote, method, key

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        answer = self.api.ask(method, path, body, **headers)
        assert answer.status < 500, (method, path, body, answer)
        if token := answer.headers.get("cart-token"):
            self.api.headers["Cart-Token"] = token
        return answer


class History:
    """A small shop and what happens there. Every method without an underscore is an act."""

    def __init__(
        self, clock: Clock, *, seed: int, units: list[int], persons: int, ranges: int
    ) -> None:
        """Each subscriber has so many `ranges`, for workers of their own."""
        self._clock, self._draw = clock, random.Random(seed)
        self._skus = [ArticleFactory(units=number) for number in units]
        self._persons = [Person() for _ in range(persons)]
        self._killed = False
        self._unheard = timedelta()  # time that went by since the bus was at rest
        for name in _names():
            split(name, into=ranges, by="test")
        Coupon.objects.create(code="ONCE", kind="percent", amount=10, total_limit=1)
        Coupon.objects.create(code="ALL", kind="percent", amount=100, customer_limit=1)

    # Shoppers -----------------------------------------------------------------------------------
    def sign_in(self, who: int) -> None:
        person = self._person(who)
        if "Authorization" in person.api.headers:
            return
        account = {"email": f"{uuid4().hex}@example.com", "password": "an analytical engine"}
        person.ask("POST", "users/", account)
        access = person.ask("POST", "users/token/", account).body["access"]
        person.api.headers["Authorization"] = f"Bearer {access}"

    def add(self, who: int, what: int, units: int) -> None:
        self._person(who).ask("POST", "cart/lines/", {"sku": self._sku(what), "quantity": units})

    def set_units(self, who: int, what: int, units: int) -> None:
        path = f"cart/lines/{self._sku(what)}/"
        self._person(who).ask("PUT", path, {"quantity": units})

    def take_coupon(self, who: int, code: str) -> None:
        if code:
            self._person(who).ask("PUT", "cart/coupon/", {"code": code})
        else:
            self._person(who).ask("DELETE", "cart/coupon/")

    def quote(self, who: int) -> None:
        person = self._person(who)
        answer = person.ask("POST", "cart/quote/", {"country": "DE"})
        if changes := answer.status == 409 and answer.body.get("changes_id"):
            person.ask("POST", "cart/accept/", {"changes_id": changes})
            answer = person.ask("POST", "cart/quote/", {"country": "DE"})
        if answer.status == 200:
            person.quotes.append(answer.body["quote"])

    def post(self, who: int, card: str, which: int) -> None:
        """Order from the newest quote, or from one that is open in an older tab."""
        person = self._person(who)
        if person.quotes:
            method = self._method(person, card)
            quote = person.quotes[-1 - which % len(person.quotes)]
            person.posted.append((quote, method, uuid4().hex))
            self._post(person, *person.posted[-1])

    def post_again(self, who: int, same_key: bool) -> None:
        person = self._person(who)
        if person.posted:
            quote, method, key = person.posted[-1]
            self._post(person, quote, method, key if same_key else uuid4().hex)

    def buy(self, who: int, what: int, units: int, card: str, code: str) -> None:
        self.add(who, what, units)
        if code:
            self.take_coupon(who, code)
        self.quote(who)
        self.post(who, card, 0)

    def retry(self, which: int, card: str) -> None:
        if (order := self._order(which)) and (person := self._buyer(order)):
            body = {"payment_method": self._method(person, card)}
            person.ask("POST", f"orders/{order.pk}/retry/", body)

    def retry_at_once(self, who: int, what: int, card: str, rounds: int) -> None:
        """Before anything of the failure has reached the stock, or the cart."""
        self.rest()
        self.buy(who, what, 1, NO_FUNDS, "")
        for _ in range(30):
            if (order := self._order(0)) is None or order.status != "PENDING":
                break
            self.work(1)
        self.work(rounds)
        self.retry(0, card)

    def regret(self, who: int, what: int, card: str, rounds: int) -> None:
        """While it is being paid."""
        self.buy(who, what, 1, card, "")
        self.work(rounds)
        self.cancel(0)

    def order_again(self, who: int, which: int) -> None:
        if order := self._order(which):
            lines = list(order.lines.values("sku", "quantity"))
            self._person(who).ask("POST", "cart/again/", {"lines": lines})

    def cancel(self, which: int) -> None:
        if (order := self._order(which)) and (person := self._buyer(order)):
            person.ask("POST", f"orders/{order.pk}/cancel/", {})

    def answer_bank(self, which: int, answer: str) -> None:
        asked = list(Payment.objects.exclude(challenge="").order_by("pk"))
        if asked:
            challenge = asked[which % len(asked)].challenge
            self._persons[0].ask("POST", f"payments/challenges/{challenge}/", {"answer": answer})

    # Staff --------------------------------------------------------------------------------------
    def staff_cancel(self, which: int) -> None:
        if order := self._order(which):
            orders.cancel_order(order_id=order.pk, by="staff", reason="Asked by phone.")

    def give_back(self, which: int, cents: int) -> None:
        if order := self._order(which):
            facts = {"reason": "A scratch.", "by": "user:7", "key": uuid4().hex}
            with suppress(payments.RefundRefused):
                payments.refund_payment(order_id=order.pk, amount=Decimal(cents) / 100, **facts)

    def send(self, which: int) -> None:
        if order := self._order(which):
            sent = orders.ship_order(order_id=order.pk, carrier="dhl", tracking="1")
            sent or orders.deliver_order(order_id=order.pk)

    def reprice(self, what: int, cents: int) -> None:
        with suppress(ValidationError):  # below a sale
            products.change_price(sku=self._sku(what), price=Decimal(cents) / 100)

    def plan_sale(self, what: int, begins: int, lasts: int) -> None:
        """Half the price, in so many minutes, for so many."""
        starts_at = timezone.now() + timedelta(minutes=begins)
        ends_at = starts_at + timedelta(minutes=lasts)
        with suppress(ValidationError):
            sale = products.save_price_list(name="Sale", starts_at=starts_at, ends_at=ends_at)
            products.set_sale_price(price_list=sale.pk, sku=self._sku(what), price=Decimal("5.00"))

    def count_stock(self, what: int, delta: int) -> None:
        with suppress(inventory.StockRefused):
            inventory.adjust_stock(sku=self._sku(what), delta=delta, reason="Counted.", by="user:7")

    # The bus, time and bad luck ------------------------------------------------------------------
    def work(self, rounds: int) -> None:
        drain(seed=self._seed(), rounds=rounds)

    def rest(self) -> None:
        drain(seed=self._seed())
        self._unheard = timedelta()

    def wait(self, minutes: int) -> None:
        if self._unheard + timedelta(minutes=minutes) > LATE:
            self.rest()
        self._clock.move(minutes=minutes)
        self._unheard += timedelta(minutes=minutes)

    def deliver_twice(self, which: int) -> None:
        """An event once more to a subscriber that has handled all it was told so far."""
        bus = engine()
        bus.refresh()
        behind = {name for name, _ in bus.pending(_names())}
        bus.release()
        events = list(Event.objects.order_by("-id")[:40])
        told = [
            (event, name)
            for event in events
            for name, names in _names().items()
            if event.name in names and name not in behind
        ]
        if told:
            event, name = told[which % len(told)]
            if not Parked.objects.filter(subscriber=name, key=event.key).exists():
                redeliver(event.name, key=event.key, subscriber=name)

    def kill(self, statement: int) -> None:
        """The process of the bus dies at one of its next statements, and another begins."""
        numbers = count(1)

        def die(execute: Callable[..., Any], *arguments: Any) -> Any:
            if next(numbers) == statement:
                self._killed = True
                raise Killed
            return execute(*arguments)

        with suppress(Killed), connection.execute_wrapper(die):
            drain(seed=self._seed(), rounds=3)

    def _end(self) -> list[str]:
        """Let everything that is due become due; what is wrong then."""
        for minutes in (0, 1, 5, 11, 31, 60, 120):
            self._clock.move(minutes=minutes)
            self.rest()
            self._see_to_mails()
        return [*violations(killed=self._killed), *self._mails_sent_twice()]

    def _see_to_mails(self) -> None:
        """Of a mail whose sender died nobody knows whether it left: staff have it sent again."""
        dead = Parked.objects.filter(name="notifications.requested", state=Parked.State.DEAD)
        for row in dead if self._killed else ():
            resend(notification_id=row.payload["notification_id"], by="user:7")
            skip(row.pk, by="user:7", reason="Sent again.")
        self.rest()

    def _mails_sent_twice(self) -> list[str]:
        tried = Notification.objects.filter(attempts__gt=1, resends=None)
        found = [f"tried more than once: {one}" for one in tried]
        sent = Notification.objects.filter(state="sent").count()
        if not self._killed and sent != len(mail.outbox):
            found.append(f"{len(mail.outbox)} mails left, {sent} are known to have")
        return found

    def _seed(self) -> int:
        return self._draw.randrange(2**32)

    def _person(self, number: int) -> Person:
        return self._persons[number % len(self._persons)]

    def _sku(self, number: int) -> str:
        return self._skus[number % len(self._skus)]

    def _order(self, number: int) -> Order | None:
        placed = list(Order.objects.order_by("-placed_at"))
        return placed[number % len(placed)] if placed else None

    def _buyer(self, order: Order) -> Person | None:
        """Who sees the order as their own, today."""
        mine = (one for one in self._persons if one.ask("GET", f"orders/{order.pk}/").status == 200)
        return next(mine, None)

    def _method(self, person: Person, card: str) -> str:
        details = {"number": card or GOOD, "exp_month": 12, "exp_year": 2035, "cvc": "123"}
        answer = person.ask("POST", "payments/methods/", details)
        return str(answer.body.get("token", "pm_none"))

    def _post(self, person: Person, quote: str, method: str, key: str) -> None:
        answer = person.api.order(quote, method, key=key)
        assert answer.status < 500, answer


def _names() -> dict[str, Any]:
    return {name: subscriber.handlers for name, subscriber in subscribers.items()}
