"""What is read does not grow with the log: 50,000 events lie behind, or ahead (PostgreSQL)."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest
from django.db import connection

from eventbus import subscribe
from eventbus.cursors import ensure_cursors
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.statements import Plan, explained
from eventbus.tests.test_visibility import another_connection, run
from eventbus.worker import Worker

pytestmark = pytest.mark.engine("postgresql")
MANY = 50_000
FEW = 1_000  # rows of the log that one statement may look at
BATCH = 100


def fill(*names: str) -> None:
    """MANY events of the names in turn, over all shards, each in a transaction of its own."""
    array = ", ".join(f"'{name}'" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"""
            DO $$ BEGIN FOR n IN 1..{MANY} LOOP
                INSERT INTO eventbus_event (event_id, name, version, source, key, shard, payload,
                    headers, subject, occurred_at)
                VALUES (gen_random_uuid(), (ARRAY[{array}])[1 + n % {len(names)}], 1, 'test',
                    'k' || n % 256, n % 256, '{{"n": 1}}', '{{}}', '', now());
                COMMIT;
            END LOOP; END $$""")
        cursor.execute("ANALYZE eventbus_event")


@contextmanager
def somebodys_transaction() -> Iterator[None]:
    """It was begun before all else, and has written."""
    with another_connection() as other:
        run(other, "BEGIN", "SELECT pg_current_xact_id()")
        yield


def counting() -> list[int]:
    heard: list[int] = []

    @subscribe("test.happened", subscriber="a")
    def count(view: Number) -> None:
        heard.append(view.n)

    return heard


def hearing_too(*names: str) -> None:
    """More subscribers, so that a worker reads for several in one statement."""
    for name in names:

        @subscribe("test.happened", subscriber=name)
        def hear(view: Number) -> None: ...


def steps(worker: Worker, count: int) -> list[Plan]:
    with explained() as plans:
        for _ in range(count):
            worker.step()
    return plans


@pytest.mark.parametrize("meanwhile", [nullcontext, somebodys_transaction])
def test_news_at_the_end_of_a_long_log(effects: Effects, say: Any, meanwhile: Any) -> None:
    heard = counting()
    hearing_too("b", "c")
    drain()
    with meanwhile():
        fill("test.followed")
        say("k", 1)
        worker = Worker()
        for _ in range(3):
            worker.step()
        assert heard == [1]
        for n in range(2, 12):
            say("k", n)
            plans = steps(worker, 1)
            assert [plan for plan in plans if plan.touched() > FEW] == []
            assert any("UNION ALL (SELECT" in plan.sql for plan in plans)
        assert heard == list(range(1, 12))


@pytest.mark.parametrize("new", [True, False])
def test_a_long_backlog(effects: Effects, say: Any, settings: Any, new: bool) -> None:
    """However much lies ahead, a batch looks at little more than it takes, once the first one has
    brought what is new since the last tick into the order of the ids."""
    settings.EVENTBUS = {**settings.EVENTBUS, "batch": BATCH, "batch_seconds": 60}
    heard = counting()
    ensure_cursors()
    if not new:
        say("k", 1)
        drain()
    with somebodys_transaction():
        fill("test.happened", "test.followed")
        worker = Worker()
        worker.step()
        plans = steps(worker, 8)
        assert [plan for plan in plans if plan.touched() > FEW] == []
        assert len(heard) > 4 * BATCH
        assert len(plans) > 8
