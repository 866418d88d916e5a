"""The demonstration: fill an empty shop and say where everything is. Run again, it adds nothing."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connections

from eventbus import conf
from eventbus.cursors import ensure_cursors
from eventbus.worker import Caller, Worker
from shop.clock import moved_clock
from shop.models import UnfinishedPast
from shop.past import DAYS, Past, demo_of

CARDS = {  # of the mock gateway; any future date, any code
    "4242 4242 4242 4242": "is paid",
    "4000 0000 0000 9995": "is declined: insufficient funds",
    "4000 0000 0000 0002": "is declined",
    "4000 0000 0000 0069": "has expired",
    "4000 0000 0000 0127": "has the wrong security code",
    "4000 0000 0000 0119": "meets a processing error",
    "4000 0000 0000 3220": "is paid when you approve it (3-D Secure)",
    "4000 0000 0000 5126": "is paid; a refund fails later",
    "9911 7300 0000 0019": "gets no answer at first, and turns out to be paid",
}


@dataclass
class Demo:
    """What is loaded, step by step, into the contexts that this deployment has."""

    seed: int
    reset: bool = False
    bare: bool = False  # without a past
    stock: dict[str, int] = field(default_factory=dict)  # units by SKU
    sign_ins: list[Any] = field(default_factory=list)
    coupons: list[Any] = field(default_factory=list)

    def steps(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Each step's name, and the function that does it and tells the result. A past that was
        interrupted is begun anew, from an empty database: half of one is no shop to look at."""
        if self.reset:
            yield "Empty database", empty_database
        yield "Tables", migrate
        lives = not self.bare and self._may_have_a_past()
        if lives and is_left_unfinished():
            yield "Unfinished past", empty_database
            yield "Tables", migrate
        with ExitStack() as stack:
            if lives:
                self._clock = stack.enter_context(moved_clock())
                self._clock.move(days=-DAYS)
            yield from self._things()
            if lives:
                yield "Past orders", self.live_the_past

    def _may_have_a_past(self) -> bool:
        return {"products", "users", "cart", "inventory", "orders", "payments"} <= set(
            settings.SHOP_CONTEXTS
        )

    def _things(self) -> Iterator[tuple[str, Callable[[], str]]]:
        if "products" in settings.SHOP_CONTEXTS:
            yield "Catalogue", self.load_catalogue
        if "users" in settings.SHOP_CONTEXTS:
            yield "People", self.load_people
        if "cart" in settings.SHOP_CONTEXTS:
            yield "Coupons", self.load_coupons
        yield "Events", tell_drained
        if "inventory" in settings.SHOP_CONTEXTS and self.stock:
            yield "Stock", self.load_stock

    def load_catalogue(self) -> str:
        random.seed(self.seed)
        self.stock = demo_of("products").load()
        return f"{len(self.stock)} articles"

    def load_people(self) -> str:
        random.seed(self.seed)
        self.sign_ins = demo_of("users").load()
        return f"{len(self.sign_ins)} people"

    def load_coupons(self) -> str:
        self.coupons = demo_of("cart").load()
        return f"{len(self.coupons)} coupons"

    def load_stock(self) -> str:
        """Needs the events handled: inventory knows only articles that it has heard of."""
        demo_of("inventory").load(self.stock)
        return tell_drained()

    def live_the_past(self) -> str:
        """Once: where there are orders, nothing is added."""
        orders = demo_of("orders")
        if not orders.count():
            now = self._clock.now() + timedelta(days=DAYS)
            UnfinishedPast.objects.create(begun_at=now)
            with quick_commits():
                Past(self.seed, self._clock, now, stock=self.stock, drain=bus_at_rest()).live()
            UnfinishedPast.objects.all().delete()
        told = (f"{number} {status.lower()}" for status, number in orders.statuses().items())
        return ", ".join(told)


def is_left_unfinished() -> bool:
    """Whether the past was interrupted and nobody has ordered in that shop since."""
    if not UnfinishedPast.objects.exists():
        return False
    return not demo_of("orders").has_others(but=demo_of("users").emails())


def migrate() -> str:
    call_command("migrate", verbosity=0, interactive=False)
    database = settings.DATABASES["default"]
    engine = database["ENGINE"].rpartition(".")[2]
    return f"{engine} {database['NAME']}"


@contextmanager
def quick_commits() -> Iterator[None]:
    """Commits in here do not wait for the disk: what a power cut takes is filled in again."""
    connection = connections[conf.get("database")]
    hasty, patient = {
        "sqlite": ("PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"),
        "postgresql": ("SET synchronous_commit TO off", "SET synchronous_commit TO DEFAULT"),
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(hasty)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(patient)


def drain() -> int:
    """Run the bus here until nothing is left to do now; says how many events were dealt with."""
    ensure_cursors()
    return _until_nothing_is_left(Worker().step)


def bus_at_rest() -> Callable[[], int]:
    """The same as a function to call again and again, that makes the external calls too: with the
    mails and the mock gateway's answers. One worker, as it reads with more care when it is new."""
    ensure_cursors()
    read, call = partial(_until_nothing_is_left, Worker().step), Caller().step
    return partial(_until_nothing_is_left, lambda: read() + call())


def _until_nothing_is_left(step: Callable[[], int]) -> int:
    handled = 0
    while done := step():
        handled += done
    return handled


def tell_drained() -> str:
    return f"{drain()} deliveries"


def empty_database() -> str:
    """Delete the SQLite file, or every row of another database."""
    connection = connections[conf.get("database")]
    if connection.vendor != "sqlite":
        call_command("migrate", verbosity=0, interactive=False)
        call_command("flush", verbosity=0, interactive=False)
        return "every row deleted"
    connection.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{connection.settings_dict['NAME']}{suffix}").unlink(missing_ok=True)
    return "file deleted"


def addresses(port: int) -> dict[str, str]:
    """Where to look, by name."""
    base = f"http://127.0.0.1:{port}"
    found = {"Shop": f"{base}/", "API": f"{base}/api/v1/", "Admin": f"{base}/admin/"}
    if "notifications" in settings.SHOP_CONTEXTS and settings.MAILBOX_PAGE:
        found["Mailbox"] = f"{base}/notifications/mailbox/"
    return found | {"Metrics": f"{base}/metrics", "Ready?": f"{base}/readyz"}
