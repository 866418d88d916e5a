"""What is measured on PostgreSQL, and the goals. Each measurement yields rows of the table."""

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench import workload
from bench.database import Database
from bench.drains import Drain, drain, until_idle
from bench.figures import Row, Samples
from bench.latencies import floor, latency
from bench.pgbench import Reference
from bench.processes import cpu_seconds, crew


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured. Backlogs in events, times in seconds."""

    rounds: int
    seconds: float  # of one run of a reference or a publisher
    orm: int
    raw: int
    batch: int
    noop: int
    latency: float
    old: int  # events in the log that all have passed
    idle: float

    def of(self, kind: str) -> int:
        return {"orm": self.orm, "hot": self.orm, "raw": self.raw, "batch": self.batch}[kind]


@dataclass(slots=True)
class Bench:
    """What the measurements share."""

    fresh: Database
    sizes: Sizes
    new_database: Callable[[str], Database]
    reference: Reference
    complaints: list[str] = field(default_factory=list)

    def drain(self, kind: str, database: Database | None = None, **how: object) -> Drain:
        done = drain(database or self.fresh, kind, self.sizes.of(kind), **how)  # type: ignore[arg-type]
        self.complaints += done.complaints
        if not done.exact:
            print(f"  exact: NO ({kind} {how})")
        return done


def drains(bench: Bench) -> Iterator[Row]:
    """One worker, each kind of handler, against con100 with one client; and, without a goal,
    against a plain loop of the same statements."""
    samples, found = Samples(), dict[str, list[Drain]]()
    for _ in range(bench.sizes.rounds):
        for kind in ("orm", "raw", "batch"):
            samples.add(f"R1 {kind}", samples.add("R1", bench.reference.con100()))
            if kind != "batch":
                samples.add(f"loop {kind}", plain_loop(bench, kind))
            done = bench.drain(kind)
            found.setdefault(kind, []).append(done)
            samples.add(kind, done.rate)
    yield Row(what="R1: con100, 1 client", figure=f"{samples.median('R1'):,.0f} events/s")
    cpu = statistics.median(bench.reference.update_us)
    yield Row(what="  CPU per update", figure=f"{cpu:.0f} us", against="both sides together")
    for kind, goal in (("orm", 0.25), ("raw", 0.75), ("batch", 2.0)):
        ratio = samples.ratio(kind, f"R1 {kind}")
        yield Row(
            what=f"drain, {kind} handlers, 1 worker",
            figure=f"{samples.median(kind):,.0f} events/s",
            against=f"{ratio:.2f} R1",
            goal=f">= {goal:.2f} R1",
            met=ratio >= goal,
        )
        if kind != "batch":
            yield Row(
                what="  the same statements in a plain loop",
                figure=f"{samples.median(f'loop {kind}'):,.0f} events/s",
                against=f"bus: {samples.ratio(kind, f'loop {kind}'):.2f} of it",
            )
        yield _explained(found[kind])


def plain_loop(bench: Bench, kind: str) -> float:
    """Events per second, if one is three updates, of a process without a bus."""
    seconds = bench.sizes.seconds
    with crew(("bench.loop", kind, "--seconds", str(seconds)), url=bench.fresh.url) as [child]:
        child.go()
        return float(child.finish(stop=False)["count"]) / seconds / workload.SUBSCRIBERS


def _explained(drains: list[Drain]) -> Row:
    exact = "yes" if all(each.exact for each in drains) else "NO"
    middle = sorted(drains, key=lambda each: each.rate)[len(drains) // 2]
    return Row(
        what=f"  exact: {exact}; CPU per delivery",
        figure=f"{middle.worker_us:.0f} + {middle.server_us:.0f} us",
        against="worker + PostgreSQL",
        goal="exact" if exact == "NO" else "",
        met=None if exact == "yes" else False,
    )


def noop(bench: Bench) -> Iterator[Row]:
    """What the bus itself costs: handlers that do nothing."""
    samples = Samples()
    for _ in range(bench.sizes.rounds):
        samples.add("R1", bench.reference.con100())
        done = until_idle(bench.fresh, "noop", bench.sizes.noop)
        samples.add("rate", done["deliveries"] / workload.SUBSCRIBERS / done["seconds"])
        samples.add("cpu", done["cpu"] / done["deliveries"] * 1e6)
    cpu, ratio = samples.median("cpu"), samples.ratio("rate", "R1")
    yield Row(
        what="bus alone, no-op delivery: CPU of the worker",
        figure=f"{cpu:.1f} us",
        goal="<= 35 us",
        met=cpu <= 35,
    )
    yield Row(
        what="drain, no-op handlers, 1 worker",
        figure=f"{samples.median('rate'):,.0f} events/s",
        against=f"{ratio:.2f} R1",
        goal=">= 2.00 R1",
        met=ratio >= 2,
    )


def workers(bench: Bench) -> Iterator[Row]:
    """Two workers against one: on rows of their own (two cursors a subscriber), and on few rows
    that all events share."""
    samples, found = Samples(), dict[str, list[Drain]]()
    for _ in range(bench.sizes.rounds):
        for kind in ("orm", "raw", "hot"):
            for count in (1, 2):
                done = bench.drain(kind, workers=count, ranges=2)
                found.setdefault(f"{kind}{count}", []).append(done)
                samples.add(f"{kind}{count}", done.rate)
    names = {
        "orm": "disjoint keys, ORM",
        "raw": "disjoint keys, raw",
        "hot": "shared hot rows, ORM",
    }
    for kind, goal in (("orm", 1.6), ("raw", 1.6), ("hot", 0.9)):
        ratio = samples.ratio(f"{kind}2", f"{kind}1")
        yield Row(
            what=f"2 workers, {names[kind]}",
            figure=f"{samples.median(f'{kind}2'):,.0f} events/s",
            against=f"{ratio:.2f} of 1 worker",
            goal=f">= {goal:.1f} of 1 worker",
            met=ratio >= goal,
        )
        yield _explained(found[f"{kind}2"])


def publish(bench: Bench) -> Iterator[Row]:
    """Producers of order and event against pub4 with as many clients; and against the order
    alone, in Django too."""
    samples = Samples()
    bench.fresh.reset()
    for _ in range(bench.sizes.rounds):
        for clients in (1, 4):
            samples.add(f"P{clients}", bench.reference.pub4(clients))
            samples.add(f"event{clients}", produce(bench, "event", clients))
        samples.add("order", produce(bench, "order", 1))
        samples.add("event", produce(bench, "event", 1))
    for clients, goal in ((1, 0.45), (4, 0.38)):
        ratio = samples.ratio(f"event{clients}", f"P{clients}")
        yield Row(
            what=f"P{clients}: pub4, {clients} client{'s'[: clients - 1]}",
            figure=f"{samples.median(f'P{clients}'):,.0f} orders/s",
        )
        yield Row(
            what=f"publish (order + event), {clients} producer{'s'[: clients - 1]}",
            figure=f"{samples.median(f'event{clients}'):,.0f} orders/s",
            against=f"{ratio:.2f} P{clients}",
            goal=f">= {goal:.2f} P{clients}",
            met=ratio >= goal,
        )
    ratio = samples.ratio("order", "event")
    yield Row(
        what="(order + event) / order alone, in time",
        figure=f"{1e6 / samples.median('event'):,.0f} / {1e6 / samples.median('order'):,.0f} us",
        against=f"{ratio:.2f} x",
        goal="<= 1.40 x",
        met=ratio <= 1.4,
    )


def produce(bench: Bench, kind: str, producers: int, database: Database | None = None) -> float:
    """Orders per second of so many producers together."""
    seconds = bench.sizes.seconds
    command = ("bench.publisher", kind, "--seconds", str(seconds))
    with crew(*[command] * producers, url=(database or bench.fresh).url) as children:
        for child in children:
            child.go()
        count = sum(child.finish(stop=False)["count"] for child in children)
        bench.complaints += [line for child in children for line in child.said().splitlines()]
    return float(count) / seconds


def latencies(bench: Bench) -> Iterator[Row]:
    """From one process to another, against a bare notification."""
    samples = Samples()
    for _ in range(bench.sizes.rounds):
        for name, value in floor(bench.fresh, bench.sizes.latency).items():
            samples.add(f"floor {name}", value)
        for name, value in latency(bench.fresh, bench.sizes.latency).items():
            samples.add(name, value)
    yield Row(
        what="floor: INSERT + NOTIFY + COMMIT, p50 / p99",
        figure=f"{samples.median('floor p50'):.1f} / {samples.median('floor p99'):.1f} ms",
    )
    ratio = samples.ratio("p50", "floor p50")
    yield Row(
        what="latency at 50/s, p50 / p99",
        figure=f"{samples.median('p50'):.1f} / {samples.median('p99'):.1f} ms",
        against=f"{ratio:.1f} x floor's p50",
        goal="p50 <= 5 x floor",
        met=ratio <= 5,
    )
    yield Row(
        what="  from after the publisher's COMMIT, p50",
        figure=f"{samples.median('after commit'):.1f} ms",
    )


def old(bench: Bench) -> Iterator[Row]:
    """A log full of what everybody has handled, against an empty one."""
    full = bench.new_database("old")
    full.grow_old(bench.sizes.old)
    samples = Samples()
    for _ in range(bench.sizes.rounds):
        for name, database in (("empty", bench.fresh), ("full", full)):
            keep = database is full
            samples.add(f"drain {name}", bench.drain("raw", database, keep_log=keep).rate)
            found = latency(database, bench.sizes.latency, keep_log=keep)
            samples.add(f"p99 {name}", found["p99"])
    drained, p99 = (
        samples.ratio("drain full", "drain empty"),
        samples.ratio("p99 full", "p99 empty"),
    )
    many = f"{bench.sizes.old:,} old events"
    yield Row(
        what=f"drain, raw handlers, {many}",
        figure=f"{samples.median('drain full'):,.0f} events/s",
        against=f"{drained:.2f} of empty",
        goal=">= 0.95 of empty",
        met=drained >= 0.95,
    )
    yield Row(
        what=f"latency p99, {many}",
        figure=f"{samples.median('p99 full'):.1f} / {samples.median('p99 empty'):.1f} ms",
        against=f"{p99:.2f} of empty",
        goal="<= 1.10 of empty",
        met=p99 <= 1.1,
    )


def idle(bench: Bench) -> Iterator[Row]:
    """What a worker and its server use when nothing happens."""
    bench.fresh.reset()
    with crew(("bench.worker", "orm"), url=bench.fresh.url) as [worker]:
        worker.go()
        time.sleep(min(7.0, bench.sizes.idle))  # cursors that lag are moved once, after 5 s
        pids = [worker.process.pid], bench.fresh.backends()
        before = [cpu_seconds(each) for each in pids]
        time.sleep(bench.sizes.idle)
        used = [
            (cpu_seconds(each) - was) / bench.sizes.idle
            for each, was in zip(pids, before, strict=True)
        ]
        worker.finish()
    yield Row(
        what=f"idle for {bench.sizes.idle:.0f} s: worker + PostgreSQL",
        figure=f"{used[0]:.2%} + {used[1]:.2%}",
        against="of one core",
        goal="< 0.50% together",
        met=sum(used) < 0.005,
    )


MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "drain": drains,
    "noop": noop,
    "workers": workers,
    "publish": publish,
    "latency": latencies,
    "old": old,
    "idle": idle,
}
