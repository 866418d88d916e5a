"""Kill the shop at every statement of every path of an order: `python -m bench.sweep`.

A process takes a path of the saga, request by request and event by event, and dies by SIGKILL just
before its statement number k, or just before or after a COMMIT; k goes from 1 until the path ends
without a death. A fresh process goes on from there: a request is sent again with its
Idempotency-Key, the bus is begun anew. In the end all invariants hold, and the orders, the stock,
the money and the mails are those of the path. Each k begins with a copy of the same database.

    python -m bench.sweep --engine sqlite           every point of every path
    python -m bench.sweep --engine postgresql --share 0.1 --seed 3
                                                    every COMMIT, and a tenth of the other points
    python -m bench.sweep --path paid --json FILE   one path; the figures for a program

Of some deaths of the bus (`--measure`, a tenth) it is measured how long a worker that is started at
once takes to take up the work (recovery.py).

Exits with 1 when anything is wrong or was not taken up in 2 s, and says what and where.
"""

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bench import recovery
from bench.forks import Process
from bench.saga_shop import ENV, PostgresqlShop, Shop, SqliteShop
from shop.tests.servers import postgres

UNLIMITED = {"API_ANON_RATE": "", "CARD_RATE": "", "STAFF_MAIL": "", "REDIS_URL": ""}
COMMITS = ("before COMMIT", "after COMMIT")
State = dict[str, Any]


@dataclass
class Swept:
    """What came of one path on one engine."""

    path: str
    engine: str
    points: dict[str, int] = field(default_factory=lambda: {"web": 0, "worker": 0})
    deaths: dict[str, int] = field(default_factory=lambda: {"web": 0, "worker": 0})
    violations: list[str] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)  # seconds until work was taken up
    seconds: float = 0.0

    def __str__(self) -> str:
        points, deaths = sum(self.points.values()), sum(self.deaths.values())
        return (
            f"{self.path:26} {self.engine:11} {points:6} {deaths:6}"
            f" {self.deaths['web']:6} {self.deaths['worker']:6} {len(self.violations):10}"
            f" {self.seconds:8.1f}"
        )


HEAD = f"{'path':26} {'engine':11} {'points':>6} {'deaths':>6} {'web':>6} {'worker':>6} {'violations':>10} {'seconds':>8}"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--path", action="append", help="its name; default all")
    parser.add_argument("--share", type=float, default=1.0, help="of the points besides COMMITs")
    parser.add_argument("--commits", type=float, default=1.0, help="their share; default all")
    parser.add_argument("--measure", type=float, default=0.1, help="of the bus's deaths")
    parser.add_argument("--seed", type=int, default=1, help="which they are")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _empty_shop(options.engine, folder) as empty:
        swept = _sweep_all(empty, options)
    print(f"{sum(sum(each.deaths.values()) for each in swept)} deaths, {_cpu():.0f} s of CPU time")
    recoveries = [seconds for each in swept for seconds in each.recoveries]
    print(recovery.line(recoveries))
    slow = [seconds for seconds in recoveries if seconds > recovery.BOUND]
    return int(any(each.violations for each in swept) or bool(slow))


def _cpu() -> float:
    return sum(os.times()[:4])


def _write(swept: list[Swept], file: Path) -> None:
    """The figures so far: a sweep takes hours, and what it found must outlive it."""
    figures = {
        "cpu_seconds": round(_cpu(), 1),
        "seconds_until_taken_up": recovery.figures(
            [seconds for each in swept for seconds in each.recoveries]
        ),
        "paths": [asdict(each) for each in swept],
    }
    file.write_text(json.dumps(figures, indent=1) + "\n")


@contextmanager
def _empty_shop(engine: str, folder: str) -> Iterator[Shop]:
    if engine == "sqlite":
        yield SqliteShop(Path(folder, "empty.sqlite3"))
        return
    with postgres() as server:
        yield PostgresqlShop(server, "sweep_empty")


def _sweep_all(empty: Shop, options: argparse.Namespace) -> list[Swept]:
    empty.run("manage.py", "migrate", "-v0")
    _begin_django(empty)
    paths = import_module("shop.tests.paths")

    _warm_up(empty.copy("sweep_warm"))
    print(HEAD, flush=True)
    found = []
    for name in options.path or paths.PATHS:
        draw = random.Random(f"{options.seed} {name}")
        swept = Swept(name, options.engine)
        began = time.monotonic()
        prepared = empty.copy("sweep_prepared")  # anew: an offer holds for half an hour
        state = Process(prepared).run(paths.prepare_shop)
        Sweep(prepared, paths.PATHS[name], swept, options, draw).run(state)
        swept.seconds = round(time.monotonic() - began, 1)
        found.append(swept)
        print(swept, *swept.violations, sep="\n  ", flush=True)
        if options.json:
            _write(found, options.json)
    return found


def _begin_django(shop: Shop) -> None:
    """Import what a process needs, so that one is forked ready to work; connect to nothing."""
    os.environ.update(ENV | UNLIMITED | {"DATABASE_URL": shop.url, "LOG_LEVEL": "CRITICAL"})
    import django
    from django.conf import settings

    # Of staff: a path takes longer than a token lives.
    day = {"ACCESS_TOKEN_LIFETIME": timedelta(days=1)}
    settings.SIMPLE_JWT = {**settings.SIMPLE_JWT, **day}
    django.setup()
    settings.ALLOWED_HOSTS = ["testserver"]
    for module in (settings.ROOT_URLCONF, "eventbus.worker", "shop.tests.paths"):
        import_module(module)


def _warm_up(shop: Shop) -> None:
    """Import what a process that takes a path has imported at its end: those forked from this one
    need not. (This one itself must not work: it would keep connections, threads and caches.)"""
    for name in Process(shop).run(_modules_of_a_path):
        with suppress(ImportError):  # one that another module put there
            import_module(name)


def _modules_of_a_path() -> list[str]:
    paths = import_module("shop.tests.paths")

    state, path = paths.prepare_shop(), paths.PATHS["cancelled when confirmed"]
    paths.prepare_path(path, state)
    for step in path.steps:
        step.act(state)
    paths.wrong(path)
    return list(sys.modules)


class Sweep:
    """One path: its steps are killed one after the other, each from the state before it."""

    def __init__(
        self,
        prepared: Shop,
        path: Any,
        swept: Swept,
        options: argparse.Namespace,
        draw: random.Random,
    ) -> None:
        self.prepared, self.path, self.swept = prepared, path, swept
        self.share, self.commits = options.share, options.commits
        self.measure, self.draw = options.measure, draw

    def run(self, state: State) -> None:
        paths = import_module("shop.tests.paths")

        before = self.prepared.copy("sweep_before")
        state = Process(before).run(lambda: _after(paths.prepare_path, self.path, state))
        for number, step in enumerate(self.path.steps):
            after = before.copy(f"sweep_after_{number % 2}")
            ended, points = Process(after).run(partial(_watched, step, state))
            self.swept.points[step.side] += len(points)
            self._kill(before, number, state, points)
            before, state = after, ended
        self._check(before, len(self.path.steps), state, "undisturbed")

    def _kill(self, before: Shop, number: int, state: State, points: list[str]) -> None:
        """Every point, or those drawn; with all of them, on until the step survives."""
        step, k = self.path.steps[number], 0
        while k < len(points) or self.share >= 1:
            point = points[k] if k < len(points) else "one more"
            k += 1
            if self.draw.random() >= (self.commits if point in COMMITS else self.share):
                continue
            shop = before.copy("sweep_victim")
            died = Process(shop).dies(partial(_die_in, step, state, k))
            if not died and k > len(points):
                return
            self.swept.deaths[step.side] += died
            where = f"step {number + 1}, point {k}: {point[:90]}"
            if died and step.measurable and self.draw.random() < self.measure:
                self._measure(shop, where)
            self._check(shop, number, state, where)

    def _measure(self, shop: Shop, where: str) -> None:
        act = partial(recovery.seconds_until_taken_up, time.monotonic())
        try:
            seconds: float | None = Process(shop).run(act)
        except RuntimeError as error:
            self.swept.violations.append(f"{where}: {error}")
            return
        if seconds is not None:
            self.swept.recoveries.append(seconds)

    def _check(self, shop: Shop, number: int, state: State, where: str) -> None:
        try:
            wrong = Process(shop).run(lambda: _go_on(self.path, number, state))
        except RuntimeError as error:
            wrong = [str(error)]
        self.swept.violations += [f"{where}: {each}" for each in wrong]


def _after(act: Callable[[Any, State], None], path: Any, state: State) -> State:
    state = dict(state)
    act(path, state)
    return state


def _watched(step: Any, state: State) -> tuple[State, list[str]]:
    deaths = import_module("shop.tests.deaths")

    state, points = dict(state), list[str]()
    deaths.watch(points.append)
    step.act(state)
    return state, list(points)


def _die_in(step: Any, state: State, number: int) -> None:
    deaths = import_module("shop.tests.deaths")

    deaths.die_at(number)
    step.act(dict(state))


def _go_on(path: Any, number: int, state: State) -> list[str]:
    """From the step in which the last process died to the end; what is wrong then."""
    paths = import_module("shop.tests.paths")

    state = dict(state)
    paths.wait_for_the_dead()
    for at, step in enumerate(path.steps[number:]):
        step.act(state)
        if at == 0:
            paths.take_over_calls(step, state)
    paths.settle()
    found: list[str] = paths.wrong(path)
    return found


if __name__ == "__main__":
    sys.exit(main())
