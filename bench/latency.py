"""From accepted to CONFIRMED: `uv run python -m bench.latency [--orders 200]`.

One process (granian, the bus in its thread) on SQLite, then on a real PostgreSQL with fsync and
synchronous_commit on. Orders are placed one after the other through the API, as a shopper does;
the time is between the order's `placed` and `confirmed` steps of its timeline, both written by
the server. Prints the median and the 99th percentile in milliseconds, in three rounds of each
database in turn.
"""

import argparse
import os
import statistics
import tempfile
import time
from datetime import datetime
from pathlib import Path

from shop.tests.deployments import Deployment
from shop.tests.processes import succeed
from shop.tests.servers import postgres
from shop.tests.shopper import Shopper, Transport
from shop.tests.test_killed import free_port

ROUNDS = 3
SKU = "MUG-BLU"
STOCK = f"""
from apps.inventory.operations import adjust_stock
adjust_stock(sku={SKU!r}, delta=100_000, reason="Measurement", by="bench")
"""


def milliseconds(web: Transport) -> float:
    """One order, from placed to confirmed."""
    shopper = Shopper(web)
    order = shopper.buy(SKU)
    give_up = time.monotonic() + 30
    while shopper.status(order) == "PENDING":
        if time.monotonic() > give_up:
            raise TimeoutError(order)
        time.sleep(0.2)  # the same process confirms the order: do not keep it busy
    at = {
        step["kind"]: datetime.fromisoformat(step["at"])
        for step in shopper.get(f"orders/{order}/timeline/")["steps"]
        if step["at"]
    }
    return (at["confirmed"] - at["placed"]).total_seconds() * 1000


def measure(web: Transport, orders: int) -> tuple[float, float]:
    """(p50, p99) in milliseconds."""
    times = sorted(milliseconds(web) for _ in range(orders))
    return statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.99))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=20, help="in each round (default 20)")
    orders: int = parser.parse_args().orders
    with tempfile.TemporaryDirectory() as folder, postgres(durable=True) as server:
        urls = {"sqlite": f"sqlite:///{folder}/shop.sqlite3", "postgresql": server.new_database()}
        deployments = {
            name: Deployment(Path(tempfile.mkdtemp(dir=folder)), {"DATABASE_URL": url})
            for name, url in urls.items()
        }
        with deployments["sqlite"] as one, deployments["postgresql"] as two:
            webs = {
                "sqlite": one.serve("web", free_port()),
                "postgresql": two.serve("web", free_port()),
            }
            for name, web in webs.items():
                succeed("manage.py", "shell", "-v0", "-c", STOCK, DATABASE_URL=urls[name])
                measure(web, 3)  # warm
            for number in range(1, ROUNDS + 1):
                for name, web in webs.items():
                    p50, p99 = measure(web, orders)
                    print(f"round {number}  {name:<10}  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    main()
