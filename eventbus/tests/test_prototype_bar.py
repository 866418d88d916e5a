"""The bar that the design's prototype passed, before any of this was built (E8).

Four producers that take their transaction ids early, sleep before they commit and roll one in ten
back; three workers killed again and again; one attempt in twenty-five fails; one transaction that
published first stays open from start to end. Every event takes effect once, in its key's order. At
night 50 are killed in 15 seconds, and all is done within 10 seconds of the last publish.
"""

import logging
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import settings as hypothesis

from eventbus import Envelope, event, publish, subscribe
from eventbus.engines.postgresql import PostgresqlEngine
from eventbus.models import Cursor, Event, Parked
from eventbus.operating import status
from eventbus.registry import subscribers
from eventbus.shards import SHARDS
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number, OtherHappened
from eventbus.tests.mortal import start
from eventbus.tests.test_crash_points import LATER
from eventbus.tests.test_visibility import another_connection, insert, run
from eventbus.tests.wrong import ById
from eventbus.worker import Worker

logger = logging.getLogger("eventbus.bar")
pytestmark = [pytest.mark.engine("postgresql"), pytest.mark.process, pytest.mark.timeout(300)]
KEYS = [f"k{n}" for n in range(40)]
CHAINS = [f"chain{n}" for n in range(4)]
TROUBLE = 0.04  # of all attempts fail
CREATE = "CREATE TABLE eventbus_test_count (key varchar PRIMARY KEY, n integer NOT NULL)"


@dataclass(frozen=True, kw_only=True)
class Size:
    """How hard it is tried."""

    seconds: float  # of load
    kills: int  # at least
    links: int  # of each chain
    drain: float | None = None  # the whole bar: seconds, at most, from the last publish to rest


SHORT = Size(seconds=6, kills=15, links=60)
FULL = Size(seconds=15, kills=50, links=200, drain=10)
BRIEF = Size(seconds=1.5, kills=0, links=40)  # enough to find a wrong strategy out


@event("test.chained", version=1, private=True)
class Chained:
    """A link of a chain that a subscriber forges by hearing itself."""

    n: int


class RolledBack(Exception):
    """The producer changed its mind."""


# The processes -------------------------------------------------------------------------------
def produce(seed: int, seconds: float) -> None:
    """Number the events of a key by its row, which is changed first, as the bus demands."""
    draw, until = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < until:
        with suppress(RolledBack), transaction.atomic(), connection.cursor() as cursor:
            if draw.random() < 0.5:
                cursor.execute("SELECT pg_current_xact_id()")
                time.sleep(draw.uniform(0, 0.004))
            key = draw.choice(KEYS)
            cursor.execute(
                "UPDATE eventbus_test_count SET n = n + 1 WHERE key = %s RETURNING n", [key]
            )
            publish(Happened(n=cursor.fetchone()[0]), key=key)
            time.sleep(draw.uniform(0, 0.004))
            if draw.random() < 0.1:
                raise RolledBack
        time.sleep(draw.uniform(0, 0.02))


def consume(strategy: type[PostgresqlEngine], links: int) -> None:
    """Work until killed."""
    read_by(strategy)
    subscribe_all(links, trouble=TROUBLE)
    worker = Worker()
    while True:
        if not worker.step():
            time.sleep(0.002)


def read_by(strategy: type[PostgresqlEngine]) -> None:
    connection.eventbus_engine = strategy(connection)  # type: ignore[attr-defined]


def subscribe_all(links: int, *, trouble: float) -> None:
    """Three contexts that answer each other, and one that answers itself."""
    effects = Effects()

    @subscribe("test.happened", subscriber="inventory")
    def reserve(view: Number, envelope: Envelope) -> None:
        effects.note("inventory", envelope.key, view.n)
        maybe(trouble)
        publish(Followed(n=view.n), key=envelope.key)

    @subscribe("test.followed", subscriber="payments")
    def pay(view: Number, envelope: Envelope) -> None:
        publish(OtherHappened(n=view.n), key=envelope.key)
        maybe(trouble)
        effects.note("payments", envelope.key, view.n)

    @subscribe("other.happened", subscriber="orders")
    def confirm(view: Number, envelope: Envelope) -> None:
        maybe(trouble)
        effects.note("orders", envelope.key, view.n)

    @subscribe("test.chained", subscriber="chain")
    def go_on(view: Number, envelope: Envelope) -> None:
        effects.note("chain", envelope.key, view.n)
        if view.n < links:
            publish(Chained(n=view.n + 1), key=envelope.key)


def maybe(trouble: float) -> None:
    if random.random() < trouble:
        raise ConnectionError("the gateway is away")


# The test ------------------------------------------------------------------------------------
@pytest.fixture
def counts(effects: Effects) -> Iterator[None]:
    run(connection, CREATE)
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO eventbus_test_count VALUES (%s, 0)", [[k] for k in KEYS])
    yield
    run(connection, "DROP TABLE eventbus_test_count")
    del connection.eventbus_engine  # type: ignore[attr-defined]


def pass_the_bar(effects: Effects, strategy: type[PostgresqlEngine], size: Size) -> None:
    read_by(strategy)
    subscribe_all(size.links, trouble=0)
    four_ranges_each()
    with another_connection() as slow:
        run(slow, "BEGIN", insert(1, key="late"))
        load(strategy, size)
        drain(now=timezone.now() + LATER)
        assert_all_once(effects, size)
        assert effects.of("orders", "late") == []
        run(slow, "COMMIT")
    drain(now=timezone.now() + LATER)
    assert_all_once(effects, size, late=1)


def four_ranges_each() -> None:
    Cursor.objects.all().delete()
    wide = SHARDS // 4
    Cursor.objects.bulk_create(
        Cursor(subscriber=name, lo=lo, hi=lo + wide)
        for name in subscribers
        for lo in range(0, SHARDS, wide)
    )


def load(strategy: type[PostgresqlEngine], size: Size) -> None:
    """Produce, consume and kill."""
    for key in CHAINS:
        with transaction.atomic():
            publish(Chained(n=1), key=key)
    producers = [start(produce, seed, size.seconds) for seed in range(4)]
    with dying(strategy, size) as workers:
        if size.kills:
            kill_meanwhile(workers, strategy, size)
        for producer in producers:
            producer.join()
            assert producer.exitcode == 0
        if size.drain is not None:
            seconds = seconds_until_done()
            logger.info("%s events, drained in %.1f s", Event.objects.count(), seconds)
            assert seconds < size.drain


@contextmanager
def dying(strategy: type[PostgresqlEngine], size: Size) -> Iterator[list[BaseProcess]]:
    """Three workers, which do not survive the block either."""
    workers = [start(consume, strategy, size.links) for _ in range(3)]
    try:
        yield workers
        assert all(worker.is_alive() for worker in workers)
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def kill_meanwhile(
    workers: list[BaseProcess], strategy: type[PostgresqlEngine], size: Size
) -> None:
    """At random in even parts of the time; all in that time where it is the whole bar."""
    began, draw, kills = time.monotonic(), random.Random(5), 0
    part = size.seconds / (size.kills * 1.1)
    while (passed := time.monotonic() - began) < size.seconds or kills < size.kills:
        time.sleep(max(0.0, (kills + draw.random()) * part - passed))
        victim = draw.randrange(3)
        assert workers[victim].is_alive()
        workers[victim].kill()
        workers[victim].join()
        workers[victim] = start(consume, strategy, size.links)
        kills += 1
    logger.info("%s kills in %.1f s", kills, passed)
    if size.drain is not None:
        assert passed < size.seconds + 1


def seconds_until_done() -> float:
    """By the workers, from now on; at most a minute."""
    began = time.monotonic()
    while Parked.objects.exists() or any(row.behind for row in status()):
        if time.monotonic() - began > 60:
            break
        time.sleep(0.05)
    return time.monotonic() - began


def assert_all_once(effects: Effects, size: Size, *, late: int = 0) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT key, n FROM eventbus_test_count UNION SELECT 'late', %s", [late])
        published = dict(cursor.fetchall())
    assert sum(published.values()) > len(KEYS)
    for subscriber in ("inventory", "payments", "orders"):
        for key, count in published.items():
            assert effects.of(subscriber, key) == list(range(1, count + 1))
    for key in CHAINS:
        assert effects.of("chain", key) == list(range(1, size.links + 1))
    assert Parked.objects.count() == 0
    assert {row.behind for row in status()} == {0}


def test_all_effects_once_and_in_order_while_workers_die(effects: Effects, counts: None) -> None:
    nightly = hypothesis.get_current_profile_name() == "nightly"
    pass_the_bar(effects, PostgresqlEngine, FULL if nightly else SHORT)


def test_a_wrong_strategy_does_not_pass_the_bar(effects: Effects, counts: None) -> None:
    """That the others are found out is not left to chance: test_visibility.py does it."""
    with pytest.raises(AssertionError) as found:
        pass_the_bar(effects, ById, BRIEF)
    assert "assert_all_once" in {entry.name for entry in found.traceback}
