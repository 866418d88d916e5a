"""What the pages of the catalogue cost with very many products: `python -m bench.catalogue [--json]`.

Products of `manage.py seed_catalogue` on a real PostgreSQL with fsync on. A figure is the median of
whole requests in this process, one after the other: middleware, queries, template; and beside it the
95th percentile, how many queries there were, and the processors' time of a request: here and in the
server. On a quiet machine that is what a request takes; on a busy one only that can be compared.

    python -m bench.catalogue --products 100000      ten minutes for the default million
    python -m bench.catalogue --database URL         one that is seeded already
    python -m bench.catalogue --explain              the plan of each slow query (over 20 ms)
"""

import argparse
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.figures import percentile
from shop.tests.servers import postgres

SERVER = ("shared_buffers=1GB", "max_wal_size=4GB")
DEEP = 9000  # pages before the deep one
WARM = 8  # requests that are not measured: caches, prepared statements
SLOW_MS = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--products", type=int, default=1_000_000, help="default: a million")
    parser.add_argument("--requests", type=int, default=40, help="of each kind; default 40")
    parser.add_argument("--database", help="the URL of a PostgreSQL that is seeded already")
    parser.add_argument("--json", action="store_true", help="figures only, for programs")
    parser.add_argument("--explain", action="store_true", help="the plans of slow queries")
    options = parser.parse_args()
    with _seeded(options):
        figures = {name: _measured(path, options) for name, path in _pages().items()}
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for name, figure in figures.items():
        print(
            f"{name:32} {figure['p50_ms']:7.1f} ms  p95 {figure['p95_ms']:7.1f}"
            f"  cpu {figure['cpu_ms']:6.1f}, of it {figure['database_cpu_ms']:6.1f} in the database"
            f"  queries {figure['queries']}"
        )


@contextmanager
def _seeded(options: argparse.Namespace) -> Iterator[None]:
    if options.database:
        _connect(options.database)
        yield
        return
    with postgres(durable=True, options=SERVER) as server:
        _connect(server.new_database())
        from django.core.management import call_command
        from django.db import connection

        call_command("migrate", verbosity=0)
        call_command("seed_catalogue", products=options.products)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
        yield


def _connect(url: str) -> None:
    import django

    os.environ["DATABASE_URL"] = url
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    os.environ["DEBUG"] = "false"
    django.setup()


def _pages() -> dict[str, str]:
    """The address of each kind of page. The deep ones begin where following "Next" from the first
    page would have come to: the row is found once, by counting."""
    from django.db.models import Count

    from apps.products.models import Listing

    every = "/products/"
    hall = "/products/c/seed-0/"
    leaves = Listing.objects.values_list("category__slug").annotate(count=Count("id"))
    leaf = f"/products/c/{max(leaves, key=lambda row: row[1])[0]}/"
    slug = Listing.objects.order_by("product").values_list("product__slug", flat=True)[1000]
    return {
        "everything": every,
        "category, page 1": hall,
        "category, page 9000": _deep(hall, "seed-0", "product_id"),
        "category, by price": f"{hall}?sort=price",
        "category, by price, page 9000": _deep(f"{hall}?sort=price", "seed-0", "price_from"),
        "leaf": leaf,
        "leaf, by price": f"{leaf}?sort=-price",
        "facets: a colour in stock": f"{hall}?option=Colour:Blue&in_stock=1",
        "facets: two colours, sale, price": (
            f"{every}?option=Colour:Blue&option=Colour:Red&on_sale=1&price_min=20&price_max=90"
        ),
        "common word (all have it)": f"{every}?q=care",
        "common word (one in 12)": f"{every}?q=tidal",
        "common word, by price": f"{every}?q=oak&sort=price",
        "common word, a colour": f"{every}?q=oak&option=Colour:Blue",
        "three words": f"{every}?q=tidal+oak+bench",
        "rare word": f"{every}?q=kaloven",
        "beginning of a word": f"{every}?q=kal",
        "misspelt word": f"{every}?q=kalovne",
        "nothing": f"{every}?q=qqqqqqqq",
        "suggestions": "/products/suggest/?q=tida",
        "product": f"/products/{slug}/",
        "API, common word": "/api/v1/products/?q=oak",
    }


def _deep(address: str, category: str, field: str) -> str:
    from apps.products import queries
    from apps.products.models import Category, Listing
    from apps.products.views.lists import PAGE_SIZE

    tops = Category.objects.filter(slug=category)
    inside = Listing.objects.filter(category__parent__parent__in=tops)
    place = min(DEEP * PAGE_SIZE, inside.count() - PAGE_SIZE) - 1
    row = inside.order_by(*dict.fromkeys([field, "product_id"]))[place]
    value = getattr(row, field)
    cursor = queries.cursor(field, value=value, key=row.product_id, back=False)
    return f"{address}{'&' if '?' in address else '?'}cursor={cursor}"


def _measured(path: str, options: argparse.Namespace) -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(SERVER_NAME="127.0.0.1")
    for _ in range(WARM):
        if client.get(path).status_code != 200:
            raise SystemExit(f"{path} is not answered.")
    taken = []
    here, there = time.process_time(), _server_seconds()
    for _ in range(options.requests):
        begun = time.perf_counter()
        client.get(path)
        taken.append((time.perf_counter() - begun) * 1000)
    database_ms = (_server_seconds() - there) * 1000 / options.requests
    cpu_ms = (time.process_time() - here) * 1000 / options.requests + database_ms
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    if options.explain:
        _explain(path, list(asked))
    return {
        "p50_ms": round(median(taken), 2),
        "p95_ms": round(percentile(taken, 0.95), 2),
        "cpu_ms": round(cpu_ms, 1),
        "database_cpu_ms": round(database_ms, 1),
        "queries": len(asked),
    }


def _server_seconds() -> float:
    """The processor's time of the server's process for our connection; it runs on this machine."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _explain(path: str, asked: list[dict[str, str]]) -> None:
    from django.db import connection

    for query in asked:
        if float(query["time"]) * 1000 < SLOW_MS:
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {query['sql']}".replace("%", "%%"))
            plan = "\n".join(line for (line,) in cursor.fetchall())
        print(f"\n{path}\n{plan}")


if __name__ == "__main__":
    main()
