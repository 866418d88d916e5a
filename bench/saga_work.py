"""A process of the saga's measurement: python -m bench.saga_work KIND [--orders N] [--file F].

`seed` fills an empty shop and `prepare` writes orders that only have to be placed into F; the
others take part and report: `place` accepts them (with `--rate`, so many a second), `at-once` is
`saga_baseline.buy`, `worker` is the bus as `manage.py eventbus run` has it, `inline` is the bus in
one thread until nothing is left to do.
"""

import argparse
import cProfile
import json
import random
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import django

from bench.processes import report, take_part
from bench.saga_counts import count_handlers, count_statements

ARTICLES = 200
UNITS = 1_000_000  # of each: nothing sells out
LINES = 3  # of an order, each another article
WARM = 5  # orders that `prepare` places: the bus of each process begins with them
COUNTS = "counts"  # instead of a profile's file


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["seed", "prepare", "place", "at-once", "worker", "inline"])
    parser.add_argument("--orders", type=int, default=0)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--profile", help=f"file for cProfile's figures, or {COUNTS!r}")
    options = parser.parse_args()
    django.setup()
    if options.kind == "seed":
        seed()
    elif options.kind == "prepare":
        prepare(options.orders, options.file)
    elif options.kind == "worker":
        worker()
    elif options.kind == "inline":
        inline(options.profile)
    else:
        if options.kind == "at-once":
            work_off()  # for the same rows as the others begin with
        work = place if options.kind == "place" else at_once
        each_of(json.loads(options.file.read_text()), work(), options.rate, options.profile)


def seed() -> None:
    """Tables, articles, and stock that all apps have heard of."""
    from apps.inventory.operations import adjust_stock
    from apps.products import operations as products
    from shop.demo import drain, migrate

    migrate()
    products.save_category(slug="all", title="All")
    for number in range(ARTICLES):
        slug = f"article-{number}"
        title, text = f"Article {number}", "To be bought."
        products.save_product(slug=slug, title=title, description=text, category="all")
        price = Decimal(5 + number % 40) + Decimal("0.90")
        products.save_variant(sku=f"SKU-{number:03}", product=slug, price=price, picture="mug-blue")
    drain()
    for number in range(ARTICLES):
        adjust_stock(sku=f"SKU-{number:03}", delta=UNITS, reason="Measurement", by="bench")
    drain()


def prepare(orders: int, file: Path) -> None:
    """Carts with random articles, a quote and a payment method of each."""
    from rest_framework.throttling import SimpleRateThrottle

    from apps.cart.operations import add_line
    from shop.demo import drain
    from shop.tests.shopper import Shopper

    SimpleRateThrottle.THROTTLE_RATES = defaultdict(lambda: None)  # all shoppers have one address
    ready = []
    for _ in range(WARM + orders):
        token = secrets.token_urlsafe(32)  # as the cart makes them
        owner = f"cart:{sha256(token.encode()).hexdigest()}"
        for number in random.sample(range(ARTICLES), LINES):
            add_line(owner=owner, sku=f"SKU-{number:03}", quantity=random.randint(1, 3))
        shopper = Shopper(headers={"Cart-Token": token})
        ready.append(
            {"quote": shopper.quote(), "owner": owner, "payment_method": shopper.card()}
            | {"email": f"{secrets.token_hex(4)}@example.com"}
        )
    drain()
    file.write_text(json.dumps(ready[WARM:]))
    address = an_address()
    for order in ready[:WARM]:
        place()(**order, address=address)


def work_off() -> None:
    """Do all that the bus has to do, in this thread."""
    from eventbus.cursors import ensure_cursors
    from eventbus.worker import Caller, Worker

    ensure_cursors()
    reader, caller = Worker(), Caller()
    while reader.step() or caller.step():
        pass


def place() -> Callable[..., Any]:
    from apps.orders.operations import place_order

    return place_order


def at_once() -> Callable[..., Any]:
    from bench.saga_baseline import buy

    return buy


def an_address() -> Any:
    from apps.orders.operations import Address
    from shop.tests.shopper import ADDRESS

    return Address(**ADDRESS)


def each_of(
    orders: list[dict[str, str]], act: Callable[..., Any], rate: float, profile: str | None
) -> None:
    """Act on every order, one after the other; the first, to get warm, is not counted."""
    address = an_address()
    act(**orders[0], address=address)
    take_part(threading.Event())
    took = []
    with measured(profile) as found:
        began = time.perf_counter()
        for number, order in enumerate(orders[1:]):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.perf_counter()))
            since = time.perf_counter()
            act(**order, address=address)
            took.append(time.perf_counter() - since)
    report(**found, took=took)


def worker() -> None:
    from eventbus import wakeup
    from eventbus.worker import run

    work_off()
    stop = threading.Event()
    take_part(stop, on_stop=wakeup.ring)
    run(stop)
    report()


def inline(profile: str | None) -> None:
    work_off()  # what `prepare` placed: nothing is imported or compiled for the first time below
    take_part(threading.Event())
    with measured(profile) as found:
        work_off()
    report(**found)


@contextmanager
def measured(profile: str | None) -> Iterator[dict[str, Any]]:
    """Seconds, and CPU seconds of this process; with a profile (`counts`: without one), statements
    by table and what each handler takes, too."""
    found: dict[str, Any] = {}
    if profile:
        found["statements"] = count_statements()
        found["handlers"] = count_handlers(found["statements"])
    recorder = cProfile.Profile() if profile and profile != COUNTS else None
    began, cpu = time.perf_counter(), time.process_time()
    with recorder or nullcontext():
        yield found
    found["seconds"], found["cpu"] = time.perf_counter() - began, time.process_time() - cpu
    if recorder and profile:
        recorder.dump_stats(profile)


if __name__ == "__main__":
    main()
