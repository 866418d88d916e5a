"""PostgreSQL goes away under a shop that serves, and comes back: the shop is not started again."""

import json
import signal
import time
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.chaos import machines
from shop.tests.deployments import Deployment
from shop.tests.servers import free_port
from shop.tests.shopper import Shopper

SKU = "MUG-BLU"  # of the demo's catalogue
BACK_SECONDS = 40
pytestmark = [
    pytest.mark.process,
    pytest.mark.postgres,
    pytest.mark.timeout(300),
    pytest.mark.engine("sqlite"),  # once is enough: it brings its own database
]


def get(url: str) -> tuple[int, dict[str, str], str]:
    """Status, headers with names in lower case, and the text."""
    request = Request(url, headers={"Cookie": "shop_session=somebody"})  # noqa: S310
    try:
        answer = urlopen(request, timeout=30)  # noqa: S310
    except HTTPError as error:
        answer = error
    with answer:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, headers, answer.read().decode()


def comes_true(shopper: Shopper, order: str) -> str:
    """The order's status when it has left PENDING, or at the end of our patience."""
    give_up = time.monotonic() + BACK_SECONDS
    while (status := shopper.status(order)) == "PENDING" and time.monotonic() < give_up:
        time.sleep(0.2)
    return status


def test_a_shop_that_loses_postgresql_says_so_and_goes_on_when_it_is_back(tmp_path: Path) -> None:
    with machines.postgres() as server:
        server.create("shop")
        url = server.url.removesuffix("postgres") + "shop"
        environment = {"DATABASE_URL": url, "REDIS_URL": "", "EVENTBUS_MODE": "worker"}
        with Deployment(tmp_path, environment | {"DEBUG": "off"}) as deployment:
            port = free_port()
            web, base = deployment.serve("web", port), f"http://127.0.0.1:{port}"
            deployment.work("bus")
            ada, grace = Shopper(web), Shopper(web)
            before = ada.buy(SKU)
            grace.add(SKU)

            server.stop(signal.SIGINT)
            for address in ("/products/", "/cart/", "/users/login/", "/admin/"):
                status, headers, page = get(base + address)
                assert (status, headers["retry-after"]) == (503, "5"), address
                assert headers["content-type"].startswith("text/html")
                assert "We will be right back" in page
                assert "Nothing is lost" in page
                assert "Traceback" not in page
                assert "psycopg" not in page
            for answer in (
                ada.ask("GET", f"orders/{before}/"),
                ada.ask("POST", "cart/lines/", {"sku": SKU, "quantity": 1}),
            ):
                assert (answer.status, answer.headers["retry-after"]) == (503, "5")
                assert answer.headers["content-type"] == "application/problem+json"
                assert answer.body["code"] == "unavailable"
            status, _, told = get(f"{base}/readyz")
            assert (status, json.loads(told)["ready"]) == (503, False)
            assert get(f"{base}/healthz")[::2] == (200, "ok\n")
            assert get(f"{base}/static/shop/shop.css")[0] == 200

            server.start()
            assert get(f"{base}/readyz")[0] == 200
            for address in ("/products/", "/cart/", "/users/login/"):
                assert get(base + address)[0] == 200, address
            after = grace.check_out()
            assert (comes_true(ada, before), comes_true(grace, after)) == ("CONFIRMED",) * 2
            assert deployment.settle() == []
            assert [name for name, one in deployment.processes.items() if one.poll() is None] == [
                "web",
                "bus",
            ]
