"""`kill -9` in the middle of the saga: every order ends, nothing is lost and nothing doubled."""

import random
import socket
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
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


def order_all(prepared: list[Prepared]) -> list[tuple[Shopper, str, str]]:
    """All orders, six at a time, each asked for until it is answered: (shopper, id, card)."""
    bought: list[tuple[Shopper, str, str]] = []

    def shop() -> None:
        while prepared:
            shopper, quote, method, card = prepared.pop()
            answer = shopper.order(quote, method, key=uuid4().hex)
            assert answer.status in {200, 201}, answer.body
            bought.append((shopper, answer.body["id"], card))

    threads = [threading.Thread(target=shop) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return bought


def kill_meanwhile(deployment: Deployment, names: list[str], stop: threading.Event) -> int:
    """One process after the other dies and comes back; says how many died."""
    draw, deaths = random.Random(11), 0
    while not stop.wait(draw.uniform(0.3, 1.2)):
        deployment.restart(names[deaths % len(names)])
        deaths += 1
    return deaths


def check(deployment: Deployment, transports: list[Transport], victims: list[str]) -> None:
    prepared = prepare(transports)
    stop, deaths = threading.Event(), []
    killer = threading.Thread(
        target=lambda: deaths.append(kill_meanwhile(deployment, victims, stop))
    )
    killer.start()
    try:
        bought = order_all(prepared)
        time.sleep(2)  # the saga's tail is killed into as well
    finally:
        stop.set()
        killer.join()
    assert deaths[0] >= 2
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
