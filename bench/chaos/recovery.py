"""How long the orders that a killed worker may have been at stand still, others being alive."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

GIVE_UP = 30.0  # seconds
LOOK = 0.02  # seconds between two looks
# Orders whose next step is the bus's, with their last event.
UNDER_WAY = """
    SELECT key, id FROM (
        SELECT DISTINCT ON (key) key, id, name FROM eventbus_event
        WHERE key IN (SELECT id::text FROM orders_order WHERE status = 'PENDING')
        ORDER BY key, id DESC
    ) AS newest WHERE name IN ('orders.created', 'inventory.reserved', 'payments.processed')
"""


class Recovery(threading.Thread):
    """Begun right after a kill; in the end `seconds` has the time until each of the orders that
    were under way had its next event (GIVE_UP, when one had none), or None when there were none."""

    def __init__(self, connect: Callable[..., psycopg.Connection[Any]]) -> None:
        super().__init__(name="recovery", daemon=True)
        self.connect = connect
        self.seconds: float | None = None
        self.killed = time.monotonic()
        self.start()

    def run(self) -> None:
        with suppress(psycopg.OperationalError):  # the next fault is on: it is not measured
            self.measure()

    def measure(self) -> None:
        with self.connect(autocommit=True) as connection:
            under_way = connection.execute(UNDER_WAY).fetchall()
            left = dict(under_way)
            while left and time.monotonic() < self.killed + GIVE_UP:
                time.sleep(LOOK)
                newest = connection.execute(
                    "SELECT key, max(id) FROM eventbus_event WHERE key = ANY(%s) GROUP BY key",
                    [list(left)],
                )
                left = {key: last for key, last in newest.fetchall() if last == left[key]}
            if under_way:
                self.seconds = round(time.monotonic() - self.killed, 3)
