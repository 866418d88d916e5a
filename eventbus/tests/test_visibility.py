"""Nothing is missed, nothing is reordered, nothing stalls, whatever else is going on in the
database: experiments E1, E2, E3, E6, E7/E9 and E10 of the design, each as a test that the wrong
strategies of wrong.py fail.
"""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus import publish, subscribe
from eventbus.engines import engine
from eventbus.engines.base import Claim, Move
from eventbus.engines.postgresql import PostgresqlEngine
from eventbus.shards import shard_of
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened, Number
from eventbus.tests.test_delivery import noting
from eventbus.tests.wrong import ById, ByTransaction, OneTick, TickInside

on_postgresql = pytest.mark.engine("postgresql")
Experiment = Callable[[Effects], None]


@pytest.fixture
def use() -> Iterator[Callable[[type[PostgresqlEngine]], None]]:
    """Read with another strategy in this test."""

    def set_engine(cls: type[PostgresqlEngine]) -> None:
        engine().release()
        connection.eventbus_engine = cls(connection)  # type: ignore[attr-defined]

    yield set_engine
    engine().release()
    del connection.eventbus_engine  # type: ignore[attr-defined]


@contextmanager
def another_connection(**changes: Any) -> Iterator[BaseDatabaseWrapper]:
    """A second session, with a transaction that the test opens and closes by SQL."""
    other = connection.copy()
    other.settings_dict = {**other.settings_dict, **changes}
    try:
        yield other
    finally:
        other.close()


def run(other: BaseDatabaseWrapper, *statements: str) -> None:
    with other.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def insert(n: int, *, key: str = "k") -> str:
    """What `publish` does, for a session that the test drives by hand."""
    return (
        "INSERT INTO eventbus_event (event_id, name, version, source, key, shard, payload,"
        " headers, subject, occurred_at) VALUES (gen_random_uuid(), 'test.happened', 1, 'test',"
        f" '{key}', {shard_of(key)}, '{{\"n\": {n}}}', '{{}}', '', now())"
    )


def reserved_then_processed(effects: Effects) -> None:
    """E1: the second publisher of a key got its transaction id first (it wrote elsewhere)."""
    noting(effects, "a")
    with another_connection() as first, another_connection() as second:
        run(second, "BEGIN", "SELECT pg_current_xact_id()")
        run(first, "BEGIN", insert(1), "COMMIT")
        run(second, insert(2), "COMMIT")
    drain()
    assert effects.of("a") == [1, 2]


def a_late_committer(effects: Effects) -> None:
    """E2: an event with a lower id becomes visible after one with a higher id was read."""
    noting(effects, "a")
    with another_connection() as slow:
        run(slow, "BEGIN", insert(1))
        with another_connection() as fast:
            run(fast, insert(2))
        drain()
        run(slow, "COMMIT")
    drain()
    assert sorted(effects.of("a")) == [1, 2]


def a_stranger(*statements: str, **changes: Any) -> Experiment:
    """E3: five events are committed while a stranger's transaction is open."""

    def experiment(effects: Effects) -> None:
        noting(effects, "a")
        with another_connection(**changes) as stranger:
            run(stranger, "BEGIN", *statements)
            for n in range(5):
                with transaction.atomic():
                    publish(Happened(n=n), key="k")
            drain()
            assert effects.of("a") == [0, 1, 2, 3, 4]

    return experiment


writer_here = a_stranger("SELECT pg_current_xact_id()")
writer_in_another_database = a_stranger("SELECT pg_current_xact_id()", NAME="postgres")
row_lock = a_stranger("SELECT 1 FROM django_content_type LIMIT 1 FOR UPDATE")
reader = a_stranger("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", "SELECT 1")


def a_chain_beside_other_writers(effects: Effects) -> None:
    """E7, E9: a subscriber answers itself while others commit in between."""
    bus = engine()
    claim = bus.claim

    def claim_while_others_commit(cursor: int, *, alone: bool = False) -> Claim | None:
        claimed = claim(cursor, alone=alone)
        with another_connection() as other:
            run(other, "SELECT pg_current_xact_id()")
        return claimed

    bus.claim = claim_while_others_commit  # type: ignore[method-assign]

    @subscribe("test.happened", subscriber="chain")
    def go_on(view: Number) -> None:
        effects.note("chain", "k", view.n)
        if view.n < 100:
            publish(Happened(n=view.n + 1), key="k")

    with transaction.atomic():
        publish(Happened(n=1), key="k")
    drain()
    assert effects.of("chain") == list(range(1, 101))


def many_fine_ticks(effects: Effects) -> None:
    """E10: a cursor that slept through many ticks catches up in a few transactions."""
    noting(effects, "a")
    drain()
    for n in range(50):
        with transaction.atomic():
            publish(Happened(n=n), key="k")
        PostgresqlEngine.refresh(engine())  # type: ignore[arg-type]
    moves: list[int] = []
    advance = engine().advance

    def counted(move: Move) -> None:
        moves.append(move.last)
        advance(move)

    engine().advance = counted  # type: ignore[method-assign]
    drain()
    assert effects.of("a") == list(range(50))
    assert len(moves) <= 2


RIGHT = [
    reserved_then_processed,
    a_late_committer,
    writer_here,
    writer_in_another_database,
    row_lock,
    reader,
    a_chain_beside_other_writers,
    many_fine_ticks,
]
WRONG = [
    (ById, a_late_committer),
    (ByTransaction, reserved_then_processed),
    (ByTransaction, writer_here),
    (ByTransaction, writer_in_another_database),
    (ByTransaction, row_lock),
    (TickInside, a_chain_beside_other_writers),
    (OneTick, many_fine_ticks),
]


@on_postgresql
@pytest.mark.parametrize("experiment", RIGHT)
def test_ticks_find_every_event_in_order(effects: Effects, experiment: Experiment) -> None:
    experiment(effects)


@on_postgresql
@pytest.mark.parametrize(("strategy", "experiment"), WRONG)
def test_a_wrong_strategy_is_found_out(
    effects: Effects, use: Any, strategy: type[PostgresqlEngine], experiment: Experiment
) -> None:
    use(strategy)
    with pytest.raises(AssertionError) as found:
        experiment(effects)
    assert "come to rest" not in str(found.value)  # it lost or reordered, it did not just spin


@on_postgresql
def test_a_prepared_transaction_does_not_stall_anybody(effects: Effects) -> None:
    """E3: it stays open without a session, over restarts."""
    noting(effects, "a")
    with another_connection() as other:
        run(other, "BEGIN", insert(1), "PREPARE TRANSACTION 'eventbus_test'")
        try:
            with transaction.atomic():
                publish(Happened(n=2), key="k")
            drain()
            assert effects.of("a") == [2]
        finally:
            run(other, "COMMIT PREPARED 'eventbus_test'")
    drain()
    assert effects.of("a") == [2, 1]


def test_many_writers_and_a_reader_lose_nothing(effects: Effects) -> None:
    """E2 on PostgreSQL (12 writers that wait before they commit), E6 on SQLite (8)."""
    noting(effects, "a")
    writers, each = (12, 25) if connection.vendor == "postgresql" else (8, 25)
    draw = random.Random(7)
    pauses = [[draw.uniform(0, 0.004) for _ in range(each)] for _ in range(writers)]

    def write(writer: int) -> None:
        try:
            for n in range(each):
                with transaction.atomic():
                    publish(Happened(n=n), key=f"w{writer}")
                    if connection.vendor == "postgresql":
                        time.sleep(pauses[writer][n])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        try:
            drain()
        except OperationalError:
            if connection.vendor == "postgresql":
                raise
    drain()
    for writer in range(writers):
        assert effects.of("a", f"w{writer}") == list(range(each))


@on_postgresql
def test_ticks_never_go_backwards(effects: Effects) -> None:
    """Eight sessions tick at once while events are committed."""
    noting(effects, "a")
    drain()

    def tick() -> None:
        try:
            for n in range(10):
                with transaction.atomic():
                    publish(Happened(n=n), key="k")
                engine().refresh()
        finally:
            engine().close()

    threads = [threading.Thread(target=tick) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM eventbus_tick a JOIN eventbus_tick b ON b.id > a.id"
            " AND pg_snapshot_xmax(b.snapshot) < pg_snapshot_xmax(a.snapshot)"
        )
        assert cursor.fetchone() == (0,)
    drain()
    assert len(effects.of("a")) == 80
