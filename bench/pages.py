"""What the catalogue's pages cost a server: `python -m bench.pages`, on the shop that `demo` has filled.

A figure is the median of whole requests in this process, one after the other, in processor time,
which other processes do not change: middleware, statements, templates. Beside it what goes over the
wire, and the same for a browser that has the page and asks whether it is still so.
"""

import os
import time
from statistics import median

WARM, REQUESTS = 5, 60
PAGES = {
    "everything": "/products/",
    "a category": "/products/c/kitchen/",
    "narrowed down": "/products/?option=Colour:Blue&in_stock=1",
    "a word": "/products/?q=mug",
    "a product": "/products/harbour-mug/",
}


def main() -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "shop.settings", "DEBUG": "false"}
    import django

    django.setup()
    print(f"{'page':<14} {'cpu ms':>7} {'bytes':>7} {'again: ms':>10} {'bytes':>7} {'status':>7}")
    for name, path in PAGES.items():
        cost, size, _, tag = measured(path)
        again, less, status, _ = measured(path, tag)
        print(f"{name:<14} {cost:7.1f} {size:7} {again:10.1f} {less:7} {status:7}")


def measured(path: str, tag: str = "") -> tuple[float, int, int, str]:
    """Milliseconds of the processor and bytes of a request, its status and its ETag."""
    from django.test import Client

    headers = {"accept-encoding": "gzip"} | ({"if-none-match": tag} if tag else {})
    client, costs = Client(headers=headers, SERVER_NAME="127.0.0.1"), []
    for _ in range(WARM + REQUESTS):
        begun = time.process_time()
        response = client.get(path)
        costs.append(time.process_time() - begun)
    cost = median(costs[WARM:]) * 1000
    return cost, len(response.content), response.status_code, response.headers.get("ETag", "")


if __name__ == "__main__":
    main()
