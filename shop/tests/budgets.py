"""What each page costs: statements to the database, kilobytes as gzip leaves them, layout shift.

    uv run python -m shop.tests.budgets

starts a demo of its own, walks through the shop and prints a table. Statements are those of asking
for the page once more by GET, with the visitor's cookies, in this process: with what else a server
process finds in its own cache, as sessions, it takes fewer. The shift is the greater of a narrow and a wide
window's. BUDGETS says what is the most.
"""

import gzip
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django

from shop.tests.browsing import chromium, running_demo
from shop.tests.inspection import HEIGHT, MOST, NARROW, weigh

QUERIES_MOST = 12
HEADER = ("page", "queries", "JS KB", "CSS KB", "HTML KB", "shift")
BUDGETS = ("at most", str(QUERIES_MOST), f"{MOST / 1024:.1f}", f"{MOST / 1024:.1f}", "", "0")
APART = ThreadPoolExecutor(1)  # Django's ORM refuses the thread that Playwright works in
Row = tuple[str, ...]


def main() -> None:
    """Print the table; exit 1 when something is over its budget."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    with tempfile.TemporaryDirectory() as scratch, running_demo(Path(scratch)) as base:
        os.environ |= {"DATABASE_URL": f"sqlite:///{scratch}/demo.sqlite3", "DEBUG": "False"}
        django.setup()
        APART.submit(
            asked_again, f"{base}/products/harbour-mug/", {}
        ).result()  # what is first once
        rows = [HEADER, BUDGETS, *visited(base)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:>{width}}" for cell, width in zip(row[1:], widths[1:], strict=True))
        print(f"{row[0]:<{widths[0]}}", *cells, sep="  ")  # noqa: T201
    sys.exit(any(over(row) for row in rows[2:]))


def visited(base: str) -> list[Row]:
    """A row for each page of the shoppers' walks."""
    from shop.tests.screenshots import FOREIGN, SHOPPERS, without_scripts

    rows: list[Row] = []
    with chromium() as browser:
        for walk in SHOPPERS:
            context = browser.new_context(base_url=base)
            page = context.new_page()
            if walk is without_scripts:  # the measuring needs them, the page gets none
                page.route("**/*.js", lambda route: route.fulfill(content_type="text/javascript"))
            walk(page, lambda page, name: name in FOREIGN or rows.append(measured(page, name)))
            context.close()
    return rows


def measured(page: Any, name: str) -> Row:
    """Of the page as it is."""
    figures = weigh(page)
    cookies = {one["name"]: one["value"] for one in page.context.cookies()}
    queries = APART.submit(asked_again, page.url, cookies).result()
    shift = figures.shift if queries is None else max(figures.shift, narrow_shift(page))
    html = len(gzip.compress(page.content().encode(), mtime=0))
    sizes = (f"{size / 1024:.1f}" for size in (figures.scripts, figures.styles, html))
    return (name, "" if queries is None else str(queries), *sizes, f"{shift:g}")


def narrow_shift(page: Any) -> float:
    """Of the same page in a window of NARROW; `page` has a wide one."""
    beside = page.context.new_page()
    beside.set_viewport_size({"width": NARROW, "height": HEIGHT})
    beside.goto(page.url)
    shift = weigh(beside).shift
    beside.close()
    return shift


def asked_again(url: str, cookies: dict[str, str]) -> int | None:
    """Statements that a GET of the page takes; None where it shows what a POST was answered."""
    from django.core.cache import cache
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, parts = Client(headers={"host": urlsplit(url).netloc}), urlsplit(url)
    client.cookies.load(cookies)
    cache.clear()  # the session has gone on in the server meanwhile
    with CaptureQueriesContext(connection) as queries:
        response = client.get(f"{parts.path}?{parts.query}")
    return len(queries) if response.status_code == 200 else None


def over(row: Row) -> bool:
    """Whether one of the figures is above its budget."""
    _, queries, scripts, styles, _, shift = row
    most = MOST / 1024
    heavy = max(float(scripts), float(styles)) > most
    return int(queries or 0) > QUERIES_MOST or heavy or float(shift) > 0


if __name__ == "__main__":
    main()
