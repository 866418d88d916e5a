"""What goes on beside: somebody's open transaction, and events that fail.

While a report or a forgotten session stays open PostgreSQL removes no row version that it might
still see. Tables that are written for each delivery grow and slow down; the bus's cursors are
written once a batch.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import psycopg

from bench import workload
from bench.database import Database
from bench.drains import until_idle
from bench.figures import Row, Samples
from bench.latencies import latency
from bench.measures import Bench

DEAD = """SELECT sum(n_dead_tup)::int FROM pg_stat_user_tables
    WHERE relname LIKE 'eventbus_%' AND relname <> 'eventbus_event'"""


def held(bench: Bench) -> Iterator[Row]:
    """No-op handlers, with such a transaction and without, each as often first as second."""
    samples = Samples()
    for number in range(2 * bench.sizes.rounds):
        for name in ("free", "held") if number % 2 else ("held", "free"):
            with reader(bench.fresh) if name == "held" else nullcontext():
                samples.add(name, _rate(bench))
                if name == "held":
                    samples.add("dead", bench.fresh.rows(DEAD)[0][0] or 0)
    ratio, dead = samples.ratio("held", "free"), samples.median("dead")
    share = dead / bench.sizes.noop
    yield Row(
        what="drain, no-op handlers, a reader's transaction open",
        figure=f"{samples.median('held'):,.0f} events/s",
        against=f"{ratio:.2f} of without",
        goal=">= 0.95 of without",
        met=ratio >= 0.95,
    )
    yield Row(
        what="row versions that the bus leaves behind meanwhile",
        figure=f"{dead:,.0f} for {bench.sizes.noop:,} events",
        against=f"{share:.3f} an event",
        goal="<= 0.1 an event",
        met=share <= 0.1,
    )


def poison(bench: Bench) -> Iterator[Row]:
    """One key in 25 fails at every try of every subscriber; the others must not notice."""
    samples = Samples()
    for _ in range(bench.sizes.rounds):
        for name, some in (("well", False), ("poisoned", True)):
            found = latency(bench.fresh, bench.sizes.latency, poison=some)
            samples.add(name, found["p99"])
            samples.add(f"p50 {name}", found["p50"])
    ratio = samples.ratio("poisoned", "well")
    yield Row(
        what="latency of the other keys while 4 % of the events fail, p50 / p99",
        figure=f"{samples.median('p50 poisoned'):.1f} / {samples.median('poisoned'):.1f} ms",
        against=f"p99 {ratio:.2f} of without",
    )


def _rate(bench: Bench) -> float:
    done = until_idle(bench.fresh, "noop", bench.sizes.noop)
    return done["deliveries"] / workload.SUBSCRIBERS / done["seconds"]


@contextmanager
def reader(database: Database) -> Iterator[None]:
    """A REPEATABLE READ transaction that has read, and then does nothing."""
    with psycopg.connect(database.url, autocommit=True) as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT 1")  # its snapshot, and no lock of a table that is emptied next
        yield
        session.execute("COMMIT")
