"""What a worker does beside the events: forgetting what is old, and whom it was told to forget."""

import time
from dataclasses import dataclass, field

from eventbus import erasure, retention
from eventbus.engines import Engine

FIRST_SECONDS = 60.0  # after a worker's start, which has more urgent things to do
EVERY_SECONDS = 600.0


@dataclass(slots=True)
class Housekeeping:
    """When this worker does it next."""

    due_at: float = field(default_factory=lambda: time.monotonic() + FIRST_SECONDS)

    def step(self, bus: Engine) -> int:
        """A small piece of it, if it is due; says 1 when the next should follow at once."""
        if time.monotonic() < self.due_at:
            return 0
        self.due_at = time.monotonic() + EVERY_SECONDS  # also when it fails
        if not tidy(bus):
            return 0
        self.due_at = time.monotonic()
        return 1


def tidy(bus: Engine) -> bool:
    """Do one piece: whether there is more to do at once.

    A transaction of some 20 ms at most, so that others can write in between; nothing while
    another worker is at the same.
    """
    window = retention.window()
    if window and retention.prune_some(bus, bus.clock() - window):
        return True
    retention.tidy_ticks(bus)
    retention.forget_edits()
    erasure.blank_late(bus)
    return False
