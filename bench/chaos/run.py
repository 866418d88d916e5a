"""One run: raise the shop, let clients buy while things break, heal, wait for rest, judge."""

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from bench.chaos import machines
from bench.chaos.clients import PLENTY, SCARCE, Client
from bench.chaos.fault import Fault
from bench.chaos.history import History
from bench.chaos.proxy import Proxy
from bench.chaos.stage import WEBS, WORKERS, Stage
from bench.chaos.starved import HUNGRY
from bench.chaos.verdict import ORDERS, broken
from bench.recovery import figures
from shop.tests.deployments import Deployment
from shop.tests.processes import succeed
from shop.tests.servers import free_port

CLIENTS = 4
AFTERMATH = 5.0  # seconds after a fault in which its 5xx may still come
DRAIN_SECONDS = 120
LATE = {"GATEWAY_TIMEOUT_SECONDS": "2", "GATEWAY_WEBHOOK_SECONDS": "3", "GATEWAY_SLOW_SECONDS": "1"}
STOCK = """
from apps.inventory.operations import adjust_stock
for sku, units in {units}.items():
    adjust_stock(sku=sku, delta=units, reason="For the day.", by="user:1")
"""
SKIP = """
from eventbus.errors import Refused
from eventbus.operating import skip
for row in {rows}:
    try:
        skip(row, by="chaos", reason="chaos")
    except Refused as error:
        print("dead letter", row, error)
"""
AT_WORK = (  # orders that have not ended, and events that wait for their next try
    "SELECT (SELECT count(*) FROM orders_order WHERE status = 'PENDING')"
    " + (SELECT count(*) FROM eventbus_parked WHERE state <> 'dead')"
)


@dataclass
class Report:
    seed: int
    seconds: float
    faults: dict[str, int] = field(default_factory=dict)  # how often each was begun
    counts: dict[str, int] = field(default_factory=dict)  # what they did
    answers: dict[str, dict[str, int]] = field(default_factory=dict)  # by status, by fault
    outcomes: dict[str, int] = field(default_factory=dict)  # of requests, by the history
    orders: dict[str, int] = field(default_factory=dict)  # by status
    seconds_of: dict[str, float] = field(default_factory=dict)  # each fault's, the last time
    seconds_until_taken_up: dict[str, float] = field(default_factory=dict)  # a killed worker's work
    drained: float = 0.0  # seconds from the last client's end to rest
    violations: list[str] = field(default_factory=list)


@dataclass
class Weather:
    """Which fault is on, or was until a moment ago."""

    fault: Fault | None = None
    ended: float = 0.0

    def now(self) -> str:
        """Its name, or "" when all has been well for a while."""
        if self.fault and time.monotonic() < self.ended:
            return self.fault.name
        return ""

    @contextmanager
    def of(self, fault: Fault) -> Iterator[None]:
        self.fault, self.ended = fault, float("inf")
        yield
        self.ended = time.monotonic() + AFTERMATH


def chaos(
    *, seed: int, seconds: float, faults: Sequence[type[Fault]], folder: Path, pace: float = 1
) -> Report:
    """Break the shop for `seconds`, each fault at least once; what came of it. A `pace` below 1
    shortens the time that each lasts, and the rests between.

    Logs of all processes and the clients' history.jsonl are left in `folder`.
    """
    report, weather = Report(seed, seconds), Weather()
    with (
        raised(seed, seconds, folder) as stage,
        closing(History(folder / "history.jsonl")) as history,
    ):
        before = {row[0] for row in stage.rows(ORDERS)}
        with buying(stage, history, weather, seed):
            break_things(stage, weather, report, faults, pace)
            stage.revive()
        report.violations += [f"{one.name}: {one.broken!r}" for one in stage.clients if one.broken]
        report.drained = round(drained(stage), 1)
        report.violations += skip_poison(stage)
        report.violations += stage.shop.settle()
        report.violations += broken(history, stage, before)
        fill(report, history, stage)
    return report


@contextmanager
def buying(stage: Stage, history: History, weather: Weather, seed: int) -> Iterator[None]:
    """Clients buy in here."""
    ports = [stage.shop.ports[name] for name in WEBS]
    stage.clients = [Client(seed * 100 + n, ports, history, weather.now) for n in range(CLIENTS)]
    for client in stage.clients:
        client.start()
    try:
        yield
    finally:
        for client in stage.clients:
            client.stopped.set()
        for client in stage.clients:
            client.join()


@contextmanager
def raised(seed: int, seconds: float, folder: Path) -> Iterator[Stage]:
    """Everything, running."""
    with ExitStack() as stack:
        database = stack.enter_context(machines.postgres())
        cache = stack.enter_context(machines.valkey())
        proxy = stack.enter_context(Proxy(database.port))
        mail = machines.MailServer()
        stack.callback(mail.close)
        server = urlsplit(database.url)
        name = f"/chaos_{uuid4().hex[:8]}"
        database.create(name[1:])
        direct = server._replace(path=name).geturl()
        through = server._replace(path=name, netloc=f"postgres@127.0.0.1:{proxy.port}")
        environment = LATE | {
            **{"DATABASE_URL": through.geturl(), "REDIS_URL": cache.url},
            **{"EVENTBUS_MODE": "worker", "EMAIL_URL": mail.url, "LOG_LEVEL": "WARNING"},
            "PYTHONPATH": HUNGRY,
        }
        shop = stack.enter_context(Deployment(folder, environment))
        draw = random.Random(seed)
        stage = Stage(draw, database, cache, proxy, mail, shop, direct)
        units = dict.fromkeys(PLENTY, 9_000) | dict.fromkeys(SCARCE, 1 + int(seconds) // 10)
        succeed("manage.py", "shell", "-v0", "-c", STOCK.format(units=units), **environment)
        for worker in WORKERS:
            shop.work(worker)
        for web in WEBS:
            shop.serve(web, free_port())
        yield stage


def break_things(
    stage: Stage, weather: Weather, report: Report, faults: Sequence[type[Fault]], pace: float
) -> None:
    """One fault after the other, all of them in an order that is drawn, again and again."""
    until = time.monotonic() + report.seconds
    round_number = 0
    while round_number == 0 or time.monotonic() < until:
        for kind in stage.draw.sample(list(faults), len(faults)):
            if round_number and time.monotonic() > until:
                break
            fault, began = kind(), time.monotonic()
            with weather.of(fault):
                try:
                    fault.begin(stage)
                    time.sleep(fault.seconds * pace)
                    wait_until_struck(fault, stage)
                finally:
                    fault.heal(stage)
                stage.revive()
            what = f"{fault.number} {fault.name}"
            report.faults[what] = report.faults.get(what, 0) + 1
            report.seconds_of[what] = round(time.monotonic() - began, 1)
            time.sleep(stage.draw.uniform(0.2, 1) * pace)
        round_number += 1


def wait_until_struck(fault: Fault, stage: Stage) -> None:
    give_up = time.monotonic() + fault.strike_seconds
    while not fault.has_struck(stage) and time.monotonic() < give_up:
        time.sleep(0.05)


def drained(stage: Stage) -> float:
    """Seconds until nothing is on its way; what still is after DRAIN_SECONDS is a violation."""
    began = time.monotonic()
    while stage.rows(AT_WORK) != [(0,)] and time.monotonic() < began + DRAIN_SECONDS:
        time.sleep(0.1)
    return time.monotonic() - began


def skip_poison(stage: Stage) -> list[str]:
    """Staff look through the dead letters; all but the poison are for the checker to judge. The
    events, which nobody has published, go as they came: the checker would rightly miss their orders.
    """
    poison = stage.rows(
        "SELECT id FROM eventbus_parked WHERE state = 'dead' AND payload ? 'poison'"
    )
    stage.counts["dead letters of poison skipped"] = len(poison)
    refused = stage.do(SKIP.format(rows=[row for (row,) in poison]))
    with stage.connect() as connection:
        connection.execute("DELETE FROM eventbus_event WHERE payload ? 'poison'")
    return refused


def fill(report: Report, history: History, stage: Stage) -> None:
    """The figures, when all is over."""
    for (status, fault), count in sorted(history.answers.items()):
        report.answers.setdefault(str(status or "broken"), {})[fault or "no fault"] = count
    report.outcomes = dict(sorted(Counter(f"{e.what} {e.kind}" for e in history.entries).items()))
    report.orders = dict(
        stage.rows("SELECT status, count(*) FROM orders_order WHERE email LIKE '%@chaos.example'"
                   " GROUP BY status ORDER BY status")
    )  # fmt: skip
    report.counts = dict(sorted(stage.counts.items()))
    for each in stage.recoveries:
        each.join()
    times = [each.seconds for each in stage.recoveries if each.seconds is not None]
    report.seconds_until_taken_up = figures(times)
