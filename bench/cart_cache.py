"""Would a cart's contents be read faster from Redis than from the tables? On PostgreSQL and valkey.

`uv run python -m shop.tests.servers uv run python -m bench.cart_cache`; it empties that database.
The cache is given its best case: one key, always there, never to be thrown away.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal

import django

ROUNDS, READS = 7, 300
LINES = (1, 3, 10)


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("flush", verbosity=0, interactive=False)
    rows = [row for lines in LINES for row in _compare(lines)]
    json.dump(rows, sys.stdout, indent=1)
    print()


def _compare(lines: int) -> list[dict[str, object]]:
    from django.core.cache import cache

    from apps.cart import queries

    owner = _cart(lines)
    cache.set("bench:contents", queries.contents(owner), 300)
    ways: dict[str, Callable[[], object]] = {
        "tables: contents": lambda: queries.contents(owner),
        "Redis: contents": lambda: cache.get("bench:contents"),
        "tables: units": lambda: queries._count(owner),
        "Redis: units": lambda: queries.count([owner]),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):  # interleaved: what else the machine does hits all alike
        for name, read in ways.items():
            found[name].append(_seconds(read) / READS * 1000)
    return [
        {"lines": lines, "what": name, "ms": round(statistics.median(times), 3)}
        for name, times in found.items()
    ]


def _cart(lines: int) -> str:
    """A cart with so many lines; whose it is."""
    from apps.cart.models import Article, Cart, CartLine, Stock

    owner = f"bench:{lines}"
    cart = Cart.objects.create(owner=owner)
    for number in range(lines):
        sku = f"BENCH-{lines}-{number}"
        facts = {"title": f"Article {number}", "price": Decimal("14.90"), "version": 1}
        Article.objects.create(sku=sku, active=True, **facts)
        Stock.objects.create(sku=sku, available=5, version=1)
        CartLine.objects.create(cart=cart, sku=sku, quantity=1, seen_price=Decimal("14.90"))
    return owner


def _seconds(read: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(READS):
        read()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
