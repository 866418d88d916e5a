"""Somebody's open transaction keeps every old row version: the bus must make few of them."""

from typing import Any

import pytest
from django.db import connection

from eventbus import subscribe
from eventbus.cursors import ensure_cursors
from eventbus.tests.conftest import Effects, Number
from eventbus.tests.test_visibility import another_connection, run
from eventbus.worker import Worker

EVENTS, BATCH = 600, 100
WRITTEN = """SELECT relname, n_tup_upd + n_tup_del FROM pg_stat_user_tables
    WHERE relname LIKE 'eventbus_%' AND n_tup_upd + n_tup_del > 0"""


def versions_left() -> dict[str, int]:
    """Row versions that updates and deletes have left behind so far, by table of the bus."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(WRITTEN)
        return dict(cursor.fetchall())


@pytest.mark.engine("postgresql")
def test_an_open_transaction_makes_the_bus_keep_little(
    effects: Effects, say: Any, settings: Any
) -> None:
    """A row version a batch and cursor, not one a delivery; and none of the log."""
    settings.EVENTBUS = {**settings.EVENTBUS, "batch": BATCH, "batch_seconds": 60}
    heard: list[int] = []
    for name in ("a", "b", "c"):

        @subscribe("test.happened", subscriber=name)
        def hear(view: Number) -> None:
            heard.append(view.n)

    ensure_cursors()
    with another_connection() as other:
        run(other, "BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT count(*) FROM eventbus_cursor")
        before = versions_left()
        for n in range(EVENTS):
            say(f"k{n % 50}", n)
        worker = Worker()
        while worker.step():
            pass
        after = versions_left()
        run(other, "COMMIT")
    assert len(heard) == 3 * EVENTS
    left = {table: count - before.get(table, 0) for table, count in after.items()}
    assert left.get("eventbus_event", 0) == 0
    # 3 cursors; batches grow from 8 to BATCH, so 10 or so for each.
    assert 0 < sum(left.values()) <= 3 * 20
