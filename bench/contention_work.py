"""A process of the contention's measurement: python -m bench.contention_work KIND.

`worker` is the bus as `manage.py eventbus run` has it, but reads the stock without its lock.
`stock` puts new articles into the shop, each with so many units; `prepare` writes orders for each
of them into a file, that only have to be posted: every shopper saw the article in stock.
"""

import argparse
import json
import os
import secrets
from collections.abc import Callable, Iterable
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import django

PRICE = Decimal("19.90")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["stock", "prepare", "worker"])
    parser.add_argument("skus", nargs="*")
    parser.add_argument("--units", type=int, default=1)
    parser.add_argument("--clients", type=int, default=0)
    parser.add_argument("--file", type=Path)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    django.setup()
    if options.kind == "stock":
        stock(options.skus, options.units)
    elif options.kind == "worker":
        careless_worker()
    else:
        prepare(options.skus, options.clients, options.file)


def stock(skus: list[str], units: int) -> None:
    from apps.inventory.operations import adjust_stock
    from apps.products import operations as products

    products.save_category(slug="contended", title="Contended")
    for sku in skus:
        slug, title, words = sku.lower(), f"Article {sku}", "To be fought for."
        products.save_product(slug=slug, category="contended", title=title, description=words)
        products.save_variant(sku=sku, product=slug, price=PRICE, picture="mug-blue")
    work_off()
    for sku in skus:
        adjust_stock(sku=sku, delta=units, reason="Measurement", by="bench")
    work_off()


def work_off() -> None:
    """Do all that the bus has to do, in this process."""
    from eventbus.cursors import ensure_cursors
    from eventbus.worker import Caller, Worker

    ensure_cursors()
    reader, caller = Worker(), Caller()
    while reader.step() or caller.step():
        pass


def prepare(skus: list[str], clients: int, file: Path) -> None:
    from django.db import transaction

    draw = ready()
    orders = {}
    for sku in skus:
        with transaction.atomic():
            orders[sku] = [draw(sku) for _ in range(clients)]
    work_off()
    file.write_text(json.dumps(orders))


def ready() -> Callable[[str], dict[str, str]]:
    """Gives a guest's cart with one unit of the SKU, its quote and a payment method."""
    from apps.cart.operations import add_line, make_quote
    from apps.payments.gateway import MockGateway
    from apps.payments.gateway.port import Card
    from apps.payments.operations import save_method

    card = MockGateway().store(
        Card(number="4242424242424242", exp_month=12, exp_year=2035, cvc="123")
    )

    def draw(sku: str) -> dict[str, str]:
        token = secrets.token_urlsafe(32)
        owner = f"cart:{sha256(token.encode()).hexdigest()}"
        add_line(owner=owner, sku=sku, quantity=1)
        offer = make_quote(owner=owner, country="DE", shipping_method="standard")
        method = save_method(owner=owner, card=card)
        return {"cart": token, "quote": offer.token, "method": method.token}

    return draw


def careless_worker() -> None:
    """Reads a stock row and writes it later, as if nobody else did: what the measurement has to
    find out."""
    import threading
    import time

    from apps.inventory.models import StockItem
    from apps.inventory.operations import rows
    from eventbus.worker import run

    def unlocked(skus: Iterable[str]) -> list[StockItem]:
        items = list(StockItem.objects.filter(sku__in=set(skus)).order_by("sku"))
        if any(item.available == 1 for item in items):
            time.sleep(1)  # while another reads the same
        return items

    rows.lock_items = unlocked
    run(threading.Event())


if __name__ == "__main__":
    main()
