"""How long killed work stays undone: from a death until a fresh worker has taken it up.

The worker is the shop's own loop with its threads, its waits and the real clock, in a process that
has imported everything. Work is what was to be done when the process died: cursors with something to
read, and attempts (retries, calls) that were begun. It is taken up when each of those cursors has
moved and each of those attempts is over or begun anew; the time is that of the last of them.
"""

import math
import statistics
import threading
import time
from collections.abc import Sequence
from typing import Any

BOUND = 2.0  # seconds: what is promised
GIVE_UP = 30.0  # seconds
LOOK = 0.005  # seconds between two looks


def seconds_until_taken_up(died: float) -> float | None:
    """From `died` (of `time.monotonic`) on; None when there was nothing to do. Raises RuntimeError
    when it is not taken up at all."""
    from eventbus import worker

    work = Work()
    if not work.left():
        return None
    stop = threading.Event()
    running = threading.Thread(target=worker.run, args=(stop,))
    running.start()
    try:
        while left := work.left():
            if time.monotonic() > died + GIVE_UP:
                raise RuntimeError(f"Not taken up in {GIVE_UP} s: {left}")
            time.sleep(LOOK)
        return round(time.monotonic() - died, 3)
    finally:
        stop.set()
        _wake_listener()
        running.join()


class Work:
    """What is to be done at this moment."""

    def __init__(self) -> None:
        from eventbus.engines import engine
        from eventbus.registry import subscribers

        engine().refresh()
        wanted = {name: subscriber.handlers for name, subscriber in subscribers.items()}
        self.unread = {cursor for _, cursor in engine().pending(wanted)}
        self.before = self._state()

    def left(self) -> list[Any]:
        """What of it has not been taken up."""
        now = self._state()
        return [each for each, before in self.before.items() if now.get(each) == before]

    def _state(self) -> dict[tuple[str, int], Any]:
        from eventbus.models import Cursor, Parked

        cursors = Cursor.objects.filter(pk__in=self.unread).values_list("pk", "moved_at")
        begun = Parked.objects.exclude(begun_at=None).values_list("pk", "attempts")
        return {("cursor", pk): moved for pk, moved in cursors} | {
            ("attempt", pk): attempts for pk, attempts in begun
        }


def figures(seconds: Sequence[float]) -> dict[str, float]:
    """What is said of them: how many, and their median, 95th percentile and maximum."""
    if not seconds:
        return {"count": 0}
    ordered = sorted(seconds)
    return {
        "count": len(ordered),
        "median": round(statistics.median(ordered), 3),
        "p95": ordered[math.ceil(0.95 * len(ordered)) - 1],
        "max": ordered[-1],
    }


def line(seconds: Sequence[float]) -> str:
    """The figures in a sentence."""
    told = ", ".join(f"{name} {value}" for name, value in figures(seconds).items())
    return f"killed work taken up again, in seconds after the restart: {told}"


def _wake_listener() -> None:
    """It would rest for some seconds before it sees that it is to stop."""
    from django.db import connection

    from eventbus.notify import CHANNEL

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
