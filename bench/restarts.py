"""Web processes replaced under load: `python -m bench.restarts [--restarts N] [--json FILE]`.

Two web processes and two bus workers on PostgreSQL. Shoppers look at pages and buy, each over
connections that are kept, and through what a balancer does: it asks each process /readyz, sends
requests to those that are ready, goes to the next when a connection is refused, opens a new one for
one that has been closed, and asks a GET again, once, when a connection ends before a byte of the
answer. It never sends a POST twice. Meanwhile one process after the other gets SIGTERM, ends, and
is started again.

Failed is what a shopper would see: a broken connection, or 5xx. There may be none.

    python -m bench.restarts --through nginx    a real balancer, if it is installed
    python -m bench.restarts --drain 0          without the draining: what it is for
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from pathlib import Path
from select import select
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
import django

django.setup()

from bench.balancers import BALANCERS, Balancer  # noqa: E402
from shop.tests.deployments import Deployment  # noqa: E402
from shop.tests.processes import succeed  # noqa: E402
from shop.tests.servers import Postgres, free_port, postgres  # noqa: E402
from shop.tests.shopper import Answer, Refused, Shopper  # noqa: E402

SKU, UNITS = "RESTARTED", 1_000_000
DRAIN_SECONDS = 2  # some probes
THINKS = 0.02  # seconds of a shopper between two requests
PAGES = ("/products/", f"/products/{SKU.lower()}/", "/users/login/", "/static/shop/shop.css")


@dataclass(kw_only=True)
class Result:
    """What one measurement saw."""

    restarts: int
    through: str  # which balancer
    drain_seconds: int
    clients: int
    requests: int
    posts: int
    failed: dict[str, int]  # by what was asked and what came of it
    asked_again: int  # GETs
    orders: int
    confirmed: int
    seconds: float
    violations: list[str]

    def line(self) -> str:
        """For the terminal."""
        return (
            f"{self.restarts} restarts, {self.requests} requests ({self.posts} POST) of"
            f" {self.clients} clients in {self.seconds} s: {sum(self.failed.values())} failed,"
            f" {self.asked_again} GET asked again; {self.confirmed} of {self.orders} orders confirmed"
        )


class Client:
    """One client's connections, kept as long as the server keeps them; a shopper's transport."""

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.kept: dict[int, HTTPConnection] = {}

    def __call__(self, method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        """The answer, whoever gives it. Raises OSError or HTTPException when nobody does."""
        data = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json", **headers}
        asked = f"{method} {path if len(path) < 30 else path[:30]}"
        self.balancer.requests[method] += 1
        try:
            answer = self.ask(method, path, data, headers)
        except (OSError, HTTPException) as error:
            self.balancer.failed[f"{asked}: {type(error).__name__}"] += 1
            raise
        if answer.status >= 500:
            self.balancer.failed[f"{asked}: {answer.status}"] += 1
        return answer

    def ask(self, method: str, path: str, data: str | None, headers: dict[str, str]) -> Answer:
        choices = self.balancer.choices()
        choices += choices  # a kept connection may have ended, and the only process be there
        for number, port in enumerate(choices):
            connection = self.kept.setdefault(port, HTTPConnection("127.0.0.1", port, timeout=30))
            try:
                if connection.sock is None or ended(connection):
                    connection.close()
                    connection.connect()
            except OSError:  # nothing has been sent
                if number == len(choices) - 1:
                    raise
                continue
            try:
                return self.exchange(connection, method, path, data, headers)
            except (OSError, HTTPException):
                connection.close()
                if method != "GET" or self.balancer.stopped.is_set() or number > 0:
                    raise
                self.balancer.asked_again += 1
        raise ConnectionError("no process answered")

    def exchange(
        self, connection: HTTPConnection, method: str, path: str, data: str | None, headers: object
    ) -> Answer:
        connection.request(method, path, data, headers)  # type: ignore[arg-type]
        response = connection.getresponse()
        text = response.read().decode()
        names = {name.lower(): value for name, value in response.headers.items()}
        spoken = json.loads(text) if "json" in names.get("content-type", "") and text else None
        return Answer(response.status, spoken, names)


def ended(connection: HTTPConnection) -> bool:
    """Whether the server has closed it meanwhile: its end can be read."""
    return bool(select([connection.sock], [], [], 0)[0])


def shop(balancer: Balancer, stop: threading.Event, bought: list[str]) -> None:
    """Look and buy, until told to stop; what has been answered 201 is in `bought`."""
    client = Client(balancer)
    while not stop.is_set():
        shopper = Shopper(client)
        with suppress(OSError, HTTPException, Refused):  # counted where it happens
            for page in PAGES:
                client("GET", page, None, {"Accept": "text/html"})
                stop.wait(THINKS)
            shopper.add(SKU)
            stop.wait(THINKS)
            answer = shopper.order(shopper.quote(), shopper.card(), key=uuid4().hex)
            if answer.status == 201:
                bought.append(str(answer.body["id"]))
                shopper.get(f"orders/{bought[-1]}/")
    for connection in client.kept.values():
        connection.close()


def replaced(deployment: Deployment, name: str, balancer: Balancer) -> None:
    """Ended and started again; back when the balancer has seen it."""
    port = deployment.ports[name]
    deployment.end(name, seconds=60)
    deployment.serve(name, port)
    balancer.wait_for(port)


def measure(
    server: Postgres,
    folder: Path,
    *,
    restarts: int,
    clients: int = 6,
    drain: int = DRAIN_SECONDS,
    through: str = "probing",
) -> Result:
    """So many restarts, one after the other, under the load of so many shoppers."""
    settings = {
        **{"DATABASE_URL": server.new_database(), "REDIS_URL": "", "EVENTBUS_MODE": "worker"},
        **{"DEBUG": "off", "LOG_LEVEL": "WARNING", "DRAIN_SECONDS": str(drain)},
    }
    with Deployment(folder, settings, filled=False) as deployment:
        stock = ("-m", "bench.contention_work", "stock", SKU, "--units", str(UNITS))
        succeed(*stock, **settings)
        for number in (1, 2):
            deployment.work(f"bus {number}")
            deployment.serve(f"web {number}", free_port())
        balancer = BALANCERS[through](list(deployment.ports.values()), folder)
        stop, bought = threading.Event(), list[str]()
        threads = [
            threading.Thread(target=shop, args=(balancer, stop, bought)) for _ in range(clients)
        ]
        began = time.monotonic()
        try:
            for thread in threads:
                thread.start()
            for _, name in zip(range(restarts), cycle(deployment.ports), strict=False):
                replaced(deployment, name, balancer)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
            balancer.close()
        seconds = time.monotonic() - began
        violations = deployment.settle()
        states = statuses(settings, bought)
    return Result(
        restarts=restarts,
        through=through,
        drain_seconds=drain,
        clients=clients,
        requests=balancer.requests.total(),
        posts=balancer.requests["POST"],
        failed=dict(balancer.failed),
        asked_again=balancer.asked_again,
        orders=len(bought),
        confirmed=states["CONFIRMED"],
        seconds=round(seconds, 1),
        violations=violations,
    )


def statuses(settings: dict[str, str], orders: list[str]) -> Counter[str]:
    """Of those orders, as the database has them."""
    code = (
        "from apps.orders.models import Order\n"
        "print(*(f'{o.pk} {o.status}' for o in Order.objects.all()), sep='\\n')"
    )
    told = succeed("manage.py", "shell", "-v0", "-c", code, **settings)
    found = dict(line.split() for line in told.splitlines() if line)
    return Counter(found.get(order, "lost") for order in orders)


def main() -> int:
    parser = argparse.ArgumentParser(prog="just restarts", description=__doc__)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--drain", type=int, default=DRAIN_SECONDS, help="seconds")
    parser.add_argument("--through", choices=BALANCERS, default="probing", help="the balancer")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    with postgres(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        result = measure(
            server,
            Path(folder),
            restarts=options.restarts,
            clients=options.clients,
            drain=options.drain,
            through=options.through,
        )
    print(result.line())
    for what, count in sorted(result.failed.items()):
        print(f"{count:>6}  {what}")
    print(*result.violations, sep="\n")
    if options.json:
        options.json.write_text(json.dumps(asdict(result), indent=1) + "\n")
    return 1 if result.failed or result.violations or result.confirmed != result.orders else 0


if __name__ == "__main__":
    sys.exit(main())
