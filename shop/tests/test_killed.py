"""`kill -9` in the middle of the saga: every order ends, nothing is lost and nothing doubled."""

import random
import socket
import sqlite3
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.error import URLError
from uuid import uuid4

import pytest

from shop.tests.cards import GOOD, NO_FUNDS
from shop.tests.deployments import Deployment
from shop.tests.servers import Postgres
from shop.tests.shopper import Answer, Shopper, Transport

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]
SCARCE, SCARCE_UNITS = "MUG-GRA", 12  # of the demo's catalogue
PLENTY = "MUG-BLU"
BASKETS = [(SCARCE, GOOD)] * 18 + [(PLENTY, GOOD)] * 6 + [(PLENTY, NO_FUNDS)] * 6
KILLED_AFTER = [6, 14, 22, len(BASKETS)]  # orders that were answered
PATIENCE = 60.0  # seconds that a client goes on asking a server that is away


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def patient(transports: list[Transport]) -> Transport:
    """As a good client: asks again, with the same key, when the connection breaks."""

    def call(method: str, path: str, body: object, headers: dict[str, str]) -> Answer:
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return random.choice(transports)(method, path, body, headers)
            except (URLError, ConnectionError, TimeoutError):
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)

    return call


Prepared = tuple[Shopper, str, str, str]  # with a quote and a payment method, and the card


def prepare(transports: list[Transport]) -> list[Prepared]:
    """A shopper for every basket, about to order: all of them saw the article in stock."""
    prepared = []
    for sku, card in BASKETS:
        shopper = Shopper(patient(transports))
        shopper.add(sku)
        prepared.append((shopper, shopper.quote(), shopper.card(card), card))
    random.Random(3).shuffle(prepared)
    return prepared


Bought = tuple[Shopper, str, str]  # with the order's id, and the card


def order(prepared: Prepared) -> Bought:
    """Asks for the order until it is answered."""
    shopper, quote, method, card = prepared
    answer = shopper.order(quote, method, key=uuid4().hex)
    assert answer.status in {200, 201}, answer.body
    return shopper, answer.body["id"], card


def kill_meanwhile(
    deployment: Deployment, names: list[str], orders: list["Future[Bought]"]
) -> None:
    """One process after the other dies and comes back, however fast the orders are: each when
    so many are answered; after the last of them, the saga's tail is killed into as well."""
    draw = random.Random(11)
    for name, answered in zip(cycle(names), KILLED_AFTER, strict=False):
        while sum(each.done() for each in orders) < answered:
            time.sleep(0.01)
        time.sleep(draw.uniform(0, 0.2))
        deployment.restart(name)


def check(deployment: Deployment, transports: list[Transport], victims: list[str]) -> None:
    prepared = prepare(transports)
    with ThreadPoolExecutor(6) as shoppers:
        orders = [shoppers.submit(order, each) for each in prepared]
        kill_meanwhile(deployment, victims, orders)
    bought = [each.result() for each in orders]
    assert len({order for _, order, _ in bought}) == len(BASKETS)
    assert deployment.settle() == []
    ended = Counter(outcome(shopper.look(order), card) for shopper, order, card in bought)
    assert ended == {
        (SCARCE, GOOD, "CONFIRMED"): SCARCE_UNITS,
        (SCARCE, GOOD, "FAILED"): 18 - SCARCE_UNITS,
        (PLENTY, GOOD, "CONFIRMED"): 6,
        (PLENTY, NO_FUNDS, "FAILED"): 6,
    }


def outcome(order: dict[str, Any], card: str) -> tuple[str, str, str]:
    return order["lines"][0]["sku"], card, order["status"]


@pytest.mark.engine("sqlite")  # once is enough: it brings its own database
def test_one_process_on_sqlite(tmp_path: Path) -> None:
    environment = {"DATABASE_URL": f"sqlite:///{tmp_path}/shop.sqlite3", "REDIS_URL": ""}
    with Deployment(tmp_path, environment) as deployment:
        web = deployment.serve("web", free_port())
        check(deployment, [web], ["web"])


@pytest.mark.nightly
@pytest.mark.engine("sqlite")
def test_eight_processes_on_one_sqlite_file(tmp_path: Path) -> None:
    """More than it is for; but nobody is told that it is locked, and the file stays sound."""
    file = tmp_path / "shop.sqlite3"
    environment = {"DATABASE_URL": f"sqlite:///{file}", "REDIS_URL": ""}
    with Deployment(tmp_path, environment) as deployment:
        workers = [f"bus {number}" for number in range(1, 6)]
        for name in workers:
            deployment.work(name)
        webs = [deployment.serve(f"web {number}", free_port()) for number in range(1, 4)]
        check(deployment, webs, ["bus 1", "web 1", "bus 2"])
    with closing(sqlite3.connect(file)) as connection:  # all of them killed, in whatever they did
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    logs = {path.name: path.read_text() for path in tmp_path.glob("*.log")}
    assert len(logs) == len(workers) + len(webs)
    assert [name for name, log in logs.items() if "locked" in log] == []


@pytest.mark.postgres
@pytest.mark.redis
def test_two_web_processes_and_two_workers_on_postgresql_and_redis(
    tmp_path: Path, postgres_server: Postgres, redis_url: str
) -> None:
    environment = {
        "DATABASE_URL": postgres_server.new_database(),
        "REDIS_URL": redis_url,
        "EVENTBUS_MODE": "worker",
    }
    with Deployment(tmp_path, environment) as deployment:
        webs = [deployment.serve(name, free_port()) for name in ("web 1", "web 2")]
        for name in ("bus 1", "bus 2"):
            deployment.work(name)
        check(deployment, webs, ["bus 1", "bus 2", "web 1"])
