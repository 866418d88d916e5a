"""Stock that many want at once: `python -m bench.contention [--quick] [--engine E] [--json FILE]`.

    last unit    so many clients post their order for the last unit in the same moment, so many
                 times, each time for another article
    flash sale   so many buyers come for a few units, each with a cart, a quote, a card and an order

Real servers and real HTTP: one process on SQLite; on PostgreSQL two web processes and two bus
workers, with inventory's subscriber split in four, so that both workers sell. Exactly as many
orders are CONFIRMED as there are units; every other is refused in words: FAILED with out_of_stock,
or 409 when the article was sold out before it got into the cart. Nothing answers 5xx.

    python -m bench.contention --wrong   workers that read the stock without its lock: must be found
"""

import argparse
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from itertools import batched, cycle, product
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
import django

django.setup()

from bench.contention_shop import Contended, opened  # noqa: E402
from shop.tests.processes import succeed  # noqa: E402
from shop.tests.shopper import ADDRESS, Refused, Shopper, over_http  # noqa: E402

AT_ONCE = 50  # buyers of the flash sale
SETTLE_SECONDS = 120.0
ENDED = (
    "SELECT l.sku, o.status, o.failure_code, count(*) FROM orders_order o"
    " JOIN orders_orderline l ON l.order_id = o.id GROUP BY 1, 2, 3"
)
LEFT = "SELECT sku, on_hand, held FROM inventory_stockitem"


@dataclass(kw_only=True)
class Result:
    """What one measurement saw."""

    what: str
    engine: str
    clients: int
    units: int
    times: int
    answers: dict[str, int]  # of the placing requests, and of those refused before
    confirmed: int
    refused: int  # FAILED out_of_stock, and 409 before
    seconds: float
    wrong: list[str]

    def line(self) -> str:
        """For the table."""
        verdict = "ok" if not self.wrong else f"{len(self.wrong)} WRONG: {self.wrong[0]}"
        return (
            f"{self.what:<11}{self.engine:<11}{self.clients:>6} for {self.units:>3} x {self.times:<4}"
            f"{self.confirmed:>7} confirmed {self.refused:>7} refused {self.seconds:>7.1f} s"
            f"  {self.answers}  {verdict}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 times 100, and 200 for 20")
    parser.add_argument("--times", type=int, help="articles of the last unit")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], help="default: both")
    parser.add_argument("--only", choices=["last", "flash"], help="default: both")
    parser.add_argument("--wrong", action="store_true", help="on PostgreSQL, must be found")
    parser.add_argument("--json", type=Path, help="file for the results")
    options = parser.parse_args()
    times, buyers, units = (5, 200, 20) if options.quick else (100, 1_000, 100)
    times, results = options.times or times, []
    engines = [options.engine] if options.engine else ["sqlite", "postgresql"]
    for engine, name in product(engines, [options.only] if options.only else ["last", "flash"]):
        with opened(engine, wrong=options.wrong) as shop:
            results.append(
                last_unit(shop, clients=100, times=times)
                if name == "last"
                else flash_sale(shop, buyers=buyers, units=units)
            )
        print(results[-1].line(), flush=True)
        if options.json:
            told = json.dumps([asdict(each) for each in results], indent=1)
            options.json.write_text(told + "\n")
    sys.exit(any(each.wrong for each in results))


def last_unit(shop: Contended, *, clients: int, times: int) -> Result:
    """`times` articles with one unit each, and as many clients for each."""
    skus = [f"LAST-{number:03}" for number in range(times)]
    succeed("-m", "bench.contention_work", "stock", *skus, **shop.deployment.environment)
    answers: Counter[str] = Counter()
    ended: dict[str, Counter[str]] = {}
    seconds = 0.0
    for some in batched(skus, 10, strict=False):  # a quote expires after a quarter of an hour
        orders = _prepared(shop, some, clients)
        began = time.monotonic()
        told = sum((_at_once(shop.webs, orders[sku]) for sku in some), Counter[str]())
        ended |= _settled(shop, set(some), told["201"])
        seconds += time.monotonic() - began
        answers += told
    wrong = verdict(ended, _left(shop), skus, clients=clients, units=1)
    wrong += [f"{status} x {number}" for status, number in answers.items() if status != "201"]
    return Result(
        what="last unit",
        engine=shop.engine,
        clients=clients,
        units=1,
        times=times,
        answers=dict(answers),
        seconds=round(seconds, 1),
        confirmed=sum(count["CONFIRMED"] for count in ended.values()),
        refused=sum(count["FAILED out_of_stock"] for count in ended.values()),
        wrong=wrong,
    )


def _prepared(
    shop: Contended, skus: Iterable[str], clients: int
) -> dict[str, list[dict[str, str]]]:
    file = shop.deployment.folder / "orders.json"
    words = ["prepare", *skus, "--clients", str(clients), "--file", str(file)]
    succeed("-m", "bench.contention_work", *words, **shop.deployment.environment)
    orders: dict[str, list[dict[str, str]]] = json.loads(file.read_text())
    return orders


def _at_once(webs: list[str], orders: list[dict[str, str]]) -> Counter[str]:
    """The answers to orders that were posted in the same moment, one thread each."""
    told: list[str] = []
    barrier = threading.Barrier(len(orders))

    def post(base: str, order: dict[str, str]) -> None:
        barrier.wait()
        try:
            told.append(str(_post(base, order)))
        except (OSError, HTTPException) as error:
            told.append(type(error).__name__)

    threads = [
        threading.Thread(target=post, args=one) for one in zip(cycle(webs), orders, strict=False)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(told)


def _post(base: str, order: dict[str, str]) -> int:
    body = {"quote": order["quote"], "payment_method": order["method"], "shipping_address": ADDRESS}
    headers = {"Content-Type": "application/json", "Cart-Token": order["cart"]}
    headers["Idempotency-Key"] = uuid4().hex
    connection = HTTPConnection(str(urlsplit(base).hostname), urlsplit(base).port, timeout=60)
    try:
        told = json.dumps(body | {"email": "ada@example.com"})
        connection.request("POST", "/api/v1/orders/", told, headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def flash_sale(shop: Contended, *, buyers: int, units: int) -> Result:
    """Everybody begins with an empty cart."""
    sku = "FLASH"
    work = ("-m", "bench.contention_work", "stock", sku, "--units", str(units))
    succeed(*work, **shop.deployment.environment)
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        bases = [base for _, base in zip(range(buyers), cycle(shop.webs), strict=False)]
        answers = Counter(pool.map(_buyer(sku), bases))
    early = sum(number for told, number in answers.items() if told.startswith("409"))
    ended = _settled(shop, {sku}, answers["201"])
    seconds = time.monotonic() - began
    wrong = verdict(ended, _left(shop), [sku], clients=answers["201"], units=units)
    fine = {"201", *(told for told in answers if told.startswith("409"))}
    wrong += [f"{told} x {number}" for told, number in answers.items() if told not in fine]
    return Result(
        what="flash sale",
        engine=shop.engine,
        clients=buyers,
        units=units,
        times=1,
        answers=dict(answers),
        seconds=round(seconds, 1),
        confirmed=ended[sku]["CONFIRMED"],
        refused=ended[sku]["FAILED out_of_stock"] + early,
        wrong=wrong + shop.deployment.settle(),
    )


def _buyer(sku: str) -> Callable[[str], str]:
    def buy(base: str) -> str:
        shopper = Shopper(over_http(base, seconds=60))
        try:
            shopper.buy(sku)
        except Refused as refused:
            return str(refused).partition(":")[0]
        except OSError as error:
            return type(error).__name__
        return "201"

    return buy


def _settled(shop: Contended, skus: set[str], orders: int) -> dict[str, Counter[str]]:
    """How the orders of each article have ended, as soon as all have."""
    give_up = time.monotonic() + SETTLE_SECONDS
    while True:
        ended: dict[str, Counter[str]] = {sku: Counter() for sku in skus}
        for sku, status, code, count in shop.database.rows(ENDED):
            if sku in skus:
                ended[sku][f"{status} {code}".strip()] += count
        waiting = sum(count["PENDING"] for count in ended.values())
        waiting += orders - sum(map(Counter.total, ended.values()))
        waiting += sum(_left(shop)[sku] != (0, 0) for sku in skus)  # sold a moment after CONFIRMED
        if not waiting or time.monotonic() > give_up:
            return ended
        time.sleep(0.2)


def _left(shop: Contended) -> dict[str, tuple[int, int]]:
    return {sku: (on_hand, held) for sku, on_hand, held in shop.database.rows(LEFT)}


def verdict(
    ended: dict[str, Counter[str]],
    left: dict[str, tuple[int, int]],
    skus: list[str],
    *,
    clients: int,
    units: int,
) -> list[str]:
    """What is not as it should be, in words: of each article all units are sold, once."""
    expected = Counter({"CONFIRMED": units, "FAILED out_of_stock": clients - units})
    found = [f"{sku}: {dict(ended[sku])}" for sku in skus if ended[sku] != expected]
    return found + [f"{sku}: {left[sku]} on hand and held" for sku in skus if left[sku] != (0, 0)]


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        main()
