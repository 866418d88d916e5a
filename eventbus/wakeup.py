"""Waking the workers of this process after a commit. Polling is the fallback that always runs."""

import os
import threading
import time

from eventbus.metrics import Source


class Bell:
    """Something that threads wait for; a ring is never missed."""

    def __init__(self) -> None:
        self.rings = 0  # read it before looking for work, and hand it to `wait`
        self.source: Source = "commit"  # of the last ring
        self._condition = threading.Condition()

    def ring(self, source: Source = "commit") -> None:
        """Wake whoever waits; cheap, never blocks for long."""
        with self._condition:
            self.rings += 1
            self.source = source
            self._condition.notify_all()

    def wait(self, seen: int, seconds: float) -> Source:
        """Return at once when it rang since `seen`, else when it rings or after `seconds`; says
        what for."""
        with self._condition:
            if self.rings == seen and not self._condition.wait(seconds):
                return "poll"
            return self.source

    def renew(self) -> None:
        """After a fork: the lock may have been held by a thread that does not exist here."""
        self._condition = threading.Condition()


def rest(stop: threading.Event, seconds: float) -> bool:
    """Until `stop` is set, or for `seconds`; says whether it is. Without memory for the lock that
    each wait makes, for `seconds` in any case."""
    try:
        return stop.wait(seconds)
    except Exception:
        time.sleep(seconds)
        return stop.is_set()


readers = Bell()  # something was committed
callers = Bell()  # an external call is due


def ring(source: Source = "commit") -> None:
    """Tell this process's workers that something was committed, here or (`"notify"`) elsewhere."""
    readers.ring(source)


os.register_at_fork(after_in_child=readers.renew)
os.register_at_fork(after_in_child=callers.renew)
