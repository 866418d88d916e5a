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
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

import django

from bench.processes import report, take_part

ARTICLES = 200
UNITS = 1_000_000  # of each: nothing sells out
LINES = 3  # of an order, each another article


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["seed", "prepare", "place", "at-once", "worker", "inline"])
    parser.add_argument("--orders", type=int, default=0)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--profile", help="file for cProfile's figures")
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
    from apps.cart.operations import add_line
    from shop.demo import drain
    from shop.tests.shopper import Shopper

    ready = []
    for _ in range(orders):
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
    file.write_text(json.dumps(ready))


def place() -> Callable[..., Any]:
    from apps.orders.operations import place_order

    return place_order


def at_once() -> Callable[..., Any]:
    from bench.saga_baseline import buy

    return buy


def each_of(
    orders: list[dict[str, str]], act: Callable[..., Any], rate: float, profile: str | None
) -> None:
    """Act on every order, one after the other; the first, to get warm, is not counted."""
    from apps.orders.operations import Address
    from shop.tests.shopper import ADDRESS

    address = Address(**ADDRESS)
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

    warm()
    stop = threading.Event()
    take_part(stop, on_stop=wakeup.ring)
    run(stop)
    report()


def inline(profile: str | None) -> None:
    from eventbus.cursors import ensure_cursors
    from eventbus.worker import Caller, Worker

    ensure_cursors()
    warm()
    reader, caller = Worker(), Caller()
    take_part(threading.Event())
    with measured(profile) as found:
        while reader.step() or caller.step():
            pass
    report(**found)


def warm() -> None:
    from django.db import connection

    connection.ensure_connection()


@contextmanager
def measured(profile: str | None) -> Iterator[dict[str, Any]]:
    """Seconds, and CPU seconds of this process; with a profile, statements by table too."""
    found: dict[str, Any] = {}
    recorder = cProfile.Profile() if profile else None
    statements = counted() if profile else Counter()
    began, cpu = time.perf_counter(), time.process_time()
    if recorder:
        recorder.enable()
    yield found
    if recorder and profile:
        recorder.disable()
        recorder.dump_stats(profile)
    found["seconds"], found["cpu"] = time.perf_counter() - began, time.process_time() - cpu
    found["statements"] = dict(statements)


def counted() -> Counter[str]:
    """Counts the statements to PostgreSQL from now on, by what they do to which table."""
    import psycopg

    found: Counter[str] = Counter()
    execute = psycopg.Cursor.execute

    def counting(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        found[_short(str(query))] += 1
        return execute(cursor, query, *args, **kwargs)

    psycopg.Cursor.execute = counting  # type: ignore[assignment,method-assign]
    return found


def _short(statement: str) -> str:
    words = statement.replace('"', "").split()
    verb = words[0] if words else ""
    before = {"SELECT": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "DELETE": "FROM"}.get(verb)
    if before in words and words.index(before) + 1 < len(words):
        return f"{verb} {words[words.index(before) + 1]}"
    return verb


if __name__ == "__main__":
    main()
