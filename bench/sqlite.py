"""The same on SQLite, beside PostgreSQL in the same minutes."""

from collections.abc import Callable, Iterator

from bench.drains import Drain
from bench.figures import Row, Samples
from bench.measures import Bench, produce

LOCKED = "locked"


def drains(bench: Bench) -> Iterator[Row]:
    """One worker against the same on PostgreSQL."""
    file = bench.new_database("file")
    samples, found = Samples(), list[Drain]()
    for _ in range(bench.sizes.rounds):
        for kind in ("orm", "raw", "batch"):
            samples.add(f"postgresql {kind}", bench.drain(kind).rate)
            found.append(bench.drain(kind, file))
            samples.add(kind, found[-1].rate)
    exact = "yes" if all(each.exact for each in found) else "NO"
    for kind, goal in (("orm", 1.5), ("raw", 4.0), ("batch", 0.0)):
        ratio = samples.ratio(kind, f"postgresql {kind}")
        yield Row(
            what=f"drain, {kind} handlers, 1 worker; exact: {exact}",
            figure=f"{samples.median(kind):,.0f} events/s",
            against=f"{ratio:.2f} of PostgreSQL's",
            goal=f">= {goal:.1f} of PostgreSQL's" if goal else "",
            met=ratio >= goal and exact == "yes" if goal else None,
        )


def publish(bench: Bench) -> Iterator[Row]:
    """One producer."""
    samples, file = Samples(), bench.new_database("published")
    for _ in range(bench.sizes.rounds):
        samples.add("postgresql", produce(bench, "event", 1))
        samples.add("sqlite", produce(bench, "event", 1, file))
    yield Row(
        what="publish (order + event), 1 producer",
        figure=f"{samples.median('sqlite'):,.0f} orders/s",
        against=f"{samples.ratio('sqlite', 'postgresql'):.2f} of PostgreSQL's",
    )


def processes(bench: Bench) -> Iterator[Row]:
    """Two workers, then a worker beside a publisher: none may fail on the lock."""
    file = bench.new_database("shared")
    before = len(bench.complaints)
    beside = ("bench.publisher", "event", "--seconds", str(bench.sizes.seconds))
    found = [bench.drain("raw", file, workers=2, ranges=2)]
    found.append(bench.drain("raw", file, beside=beside))
    locked = sum(LOCKED in line for line in bench.complaints[before:])
    exact = "yes" if all(each.exact for each in found) else "NO"
    yield Row(
        what=f"2 processes; exact: {exact}",
        figure=f"{found[0].rate:,.0f} events/s",
        against=f'{locked} "locked"',
        goal='0 "locked", exact',
        met=not locked and exact == "yes",
    )


SQLITE_MEASURES: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "drain": drains,
    "publish": publish,
    "processes": processes,
}
