"""What the saga reaches, against the same order in one request: `python -m bench.saga [--quick]`.

Orders of three lines with random articles out of two hundred, on a real PostgreSQL with fsync and
synchronous_commit on, everything on this machine. Each round takes the same orders three times,
each time on a copy of the same database:

  at once   `saga_baseline.buy`: from quote to CONFIRMED in one request, without a bus
  backlog   all are placed while no worker runs; then one worker process takes them to CONFIRMED,
            with their stock sold and a mail ready to be sent
  latency   they are placed at half the rate of the backlog, while the worker runs

A figure is the median of the rounds, a ratio the median of the rounds' ratios. All three leave the
same rows behind (`saga_shop.STATE`), or the measurement says where they do not. The saga does
more than that meanwhile: carts, the catalogue's stock, sending the mails.

    python -m bench.saga --quick        one small round: a minute
    python -m bench.saga --profile      where the time goes, and how many statements an order takes
    python -m bench.saga --sqlite       on SQLite
"""

import argparse
import os
import platform
import tempfile
import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from bench.figures import Row, Samples, percentile
from bench.processes import Child, cpu_seconds, crew
from bench.saga_profile import profile
from bench.saga_shop import DONE, ENV, LATENCIES, PostgresqlShop, Shop, SqliteShop
from bench.saga_work import WARM
from shop.tests.servers import Postgres, postgres

SERVER = ("shared_buffers=1GB", "max_wal_size=4GB")
SETTINGS = ("server_version", "fsync", "synchronous_commit", "shared_buffers", "max_wal_size")
POLL_SECONDS = 0.05
STUCK_SECONDS = 60.0
LEAST = 0.5  # of the orders per second of one request: less is a missed goal
WANTED = 0.8


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round of 150 orders")
    parser.add_argument("--rounds", type=int, help="default 5, with --quick 1")
    parser.add_argument("--orders", type=int, help="in a backlog; default 600, with --quick 150")
    parser.add_argument("--workers", type=int, default=1, help="processes; default 1")
    parser.add_argument("--sqlite", action="store_true", help="on SQLite")
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    options = parser.parse_args()
    orders = options.orders or (150 if options.quick else 600)
    rounds = options.rounds or (1 if options.quick else 5)
    with tempfile.TemporaryDirectory() as folder:
        if options.sqlite:
            print(_versions(), flush=True)
            run(SqliteShop(Path(folder, "seeded.sqlite3")), options, orders, rounds, Path(folder))
            return
        with postgres(durable=True, options=SERVER) as server:
            print(_facts(server), _versions(), flush=True)
            run(PostgresqlShop(server, "seeded"), options, orders, rounds, Path(folder))


def run(seeded: Shop, options: argparse.Namespace, orders: int, rounds: int, folder: Path) -> None:
    seeded.run("-m", "bench.saga_work", "seed")
    samples, file, complaints = Samples(), folder / "orders.json", list[str]()
    for number in range(rounds):
        prepared = seeded.copy("prepared")
        prepared.run(
            *("-m", "bench.saga_work", "prepare", "--orders", str(orders + 1), "--file", str(file))
        )
        if options.profile:
            profile(prepared, file, orders, folder)
            return
        once = at_once(prepared.copy("at_once"), file, samples)
        saga = prepared.copy("saga")
        complaints += backlog(saga, file, orders + 1, options.workers, samples)
        rate = samples.values["end to end"][-1] / 2
        latency(prepared.copy("latency"), file, orders + 1, rate, options.workers, samples)
        complaints += [
            f"{name}: {saga.state()[name]}, at once {value}"
            for name, value in once.state().items()
            if saga.state()[name] != value
        ]
        print(f"  round {number + 1}: " + _line(samples), flush=True)
    for row in table(samples, orders):
        print(f"  {row}")
    print(f"The same rows are left, and nothing was logged: {'NO' if complaints else 'yes'}")
    for line in dict.fromkeys(complaints):
        print(f"  {line}")


def at_once(shop: Shop, file: Path, samples: Samples) -> Shop:
    """Every order in one request."""
    with crew(("bench.saga_work", "at-once", "--file", str(file)), url=shop.url, **ENV) as [child]:
        before = shop.server_seconds()
        child.go()
        done = child.finish(stop=False)
        count = len(done["took"])
        samples.add("at once", count / done["seconds"])
        samples.add("at once p50", percentile(done["took"], 0.5) * 1000)
        samples.add("at once p95", percentile(done["took"], 0.95) * 1000)
        samples.add("at once app", done["cpu"] / count * 1e6)
    samples.add("at once server", (shop.server_seconds() - before) / count * 1e6)
    return shop


def backlog(shop: Shop, file: Path, orders: int, workers: int, samples: Samples) -> list[str]:
    """Placed first, then taken to their end; says what the workers logged."""
    place = "bench.saga_work", "place", "--file", str(file)
    with crew(*[("bench.saga_work", "worker")] * workers, url=shop.url, **ENV) as children:
        with crew(place, url=shop.url, **ENV) as [placing]:
            before = shop.server_seconds()
            placing.go()
            placed = placing.finish(stop=False)
        busy = [cpu_seconds([child.process.pid]) for child in children]
        began = time.perf_counter()
        for child in children:
            child.go()
        _wait(shop, orders, children)
        took = time.perf_counter() - began
        used = sum(cpu_seconds([child.process.pid]) for child in children) - sum(busy)
        server = shop.server_seconds() - before
        for child in children:
            child.finish()
        said = [line for child in children for line in child.said().splitlines()]
    samples.add("placed", (orders - 1) / placed["seconds"])
    samples.add("drained", orders / took)
    samples.add("end to end", 1 / (1 / samples.values["placed"][-1] + took / orders))
    samples.add("place app", placed["cpu"] / (orders - 1) * 1e6)
    samples.add("drain app", used / orders * 1e6)
    samples.add("saga server", server / orders * 1e6)
    return said


def latency(
    shop: Shop, file: Path, orders: int, rate: float, workers: int, samples: Samples
) -> None:
    """From accepted to CONFIRMED, at that many orders a second."""
    place = ("bench.saga_work", "place", "--file", str(file), "--rate", str(rate))
    with (
        crew(*[("bench.saga_work", "worker")] * workers, url=shop.url, **ENV) as children,
        crew(place, url=shop.url, **ENV) as [placing],
    ):
        for child in [*children, placing]:
            child.go()
        placing.finish(stop=False)
        _wait(shop, orders, children)
        for child in children:
            child.finish()
    took = [
        (_time(confirmed) - _time(placed)).total_seconds() * 1000
        for confirmed, placed in shop.rows(LATENCIES)[WARM + 1 :]  # not those before `go`
    ]
    samples.add("rate", rate)
    samples.add("p50", percentile(took, 0.5))
    samples.add("p95", percentile(took, 0.95))


def _time(value: datetime | str) -> datetime:
    """SQLite has times as text."""
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _wait(shop: Shop, orders: int, workers: list[Child]) -> None:
    seen, moved_at = (0, 0, 0), time.perf_counter()
    while min(seen) < orders + WARM:
        time.sleep(POLL_SECONDS)
        now = shop.rows(DONE)[0]
        if now != seen:
            seen, moved_at = now, time.perf_counter()
        elif time.perf_counter() - moved_at > STUCK_SECONDS:
            said = "".join(each.said() for each in workers)
            raise RuntimeError(f"stuck at {seen} of {orders}: {said}")


def table(samples: Samples, orders: int) -> list[Row]:
    """The figures, with the goal beside them."""
    ratio = samples.ratio("end to end", "at once")
    drained = samples.ratio("drained", "at once")
    median = samples.median
    cpu = [
        median(name) / 1000
        for name in ("at once app", "at once server", "place app", "drain app", "saga server")
    ]
    mean = (cpu[2] + cpu[3] + cpu[4]) / (cpu[0] + cpu[1])
    return [
        Row(
            what=f"one request without a bus, {orders} orders",
            figure=f"{median('at once'):,.0f} orders/s",
            against=f"p50 / p95 {median('at once p50'):.1f} / {median('at once p95'):.1f} ms",
        ),
        Row(
            what="saga, placed and then taken to CONFIRMED",
            figure=f"{median('end to end'):,.0f} orders/s",
            against=f"{ratio:.2f} of one request",
            goal=f">= {LEAST} ({WANTED} wanted)",
            met=ratio >= LEAST,
        ),
        Row(what="  placing alone", figure=f"{median('placed'):,.0f} orders/s"),
        Row(
            what="  the backlog alone",
            figure=f"{median('drained'):,.0f} orders/s",
            against=f"{drained:.2f} of one request",
        ),
        Row(
            what=f"  accepted to CONFIRMED at {median('rate'):.0f}/s, p50 / p95",
            figure=f"{median('p50'):,.0f} / {median('p95'):,.0f} ms",
            goal="p95 <= 250 ms",
            met=median("p95") <= 250,
        ),
        Row(
            what="CPU an order, one request: app + server",
            figure=f"{cpu[0]:.1f} + {cpu[1]:.1f} ms",
        ),
        Row(
            what="CPU an order, saga: place + worker + server",
            figure=f"{cpu[2]:.1f} + {cpu[3]:.1f} + {cpu[4]:.1f} ms",
            against=f"{mean:.2f} x one request",
        ),
    ]


def _line(samples: Samples) -> str:
    last = {name: values[-1] for name, values in samples.values.items()}
    return (
        f"at once {last['at once']:.0f}/s, placed {last['placed']:.0f}/s,"
        f" drained {last['drained']:.0f}/s, end to end {last['end to end']:.0f}/s,"
        f" p95 {last['p95']:.0f} ms"
    )


def _facts(server: Postgres) -> str:
    import psycopg

    with psycopg.connect(server.url) as connection:
        shown = [
            (name, connection.execute(f"SHOW {name}".encode()).fetchone()) for name in SETTINGS
        ]
    return "  ".join(f"{name} {value[0] if value else ''}" for name, value in shown)


def _versions() -> str:
    found = [f"{name} {version(name)}" for name in ("django", "psycopg")]
    return f"  cpus {os.cpu_count()}  python {platform.python_version()}  " + "  ".join(found)


if __name__ == "__main__":
    main()
