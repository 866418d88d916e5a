"""Handlers read the clock of their process. One that is far from the database's decides wrongly what
is over and what is next, so its process must not work; others do."""

import logging
import time
from dataclasses import dataclass

from django.utils import timezone

from eventbus.engines import Engine

logger = logging.getLogger("eventbus.clocks")

MOST_SECONDS = 60.0  # apart; what keeps clocks in step keeps them within a second
EVERY_SECONDS = 10.0  # it is looked at
REST_SECONDS = 1.0  # before a worker whose clock is wrong looks again


@dataclass(slots=True)
class Clock:
    """Of this process, beside the database's."""

    apart: float = 0.0  # seconds ahead of it, when last looked at
    due_at: float = 0.0  # of `time.monotonic()`

    def is_right(self, bus: Engine) -> bool:
        """Whether handlers may read it; a clock that has gone wrong, or right again, is logged."""
        if time.monotonic() < self.due_at:
            return True
        was_right = abs(self.apart) <= MOST_SECONDS
        self.apart = (timezone.now() - bus.clock()).total_seconds()
        if abs(self.apart) > MOST_SECONDS:
            if was_right:
                words = (
                    "this clock is %+.0f s from the database's: nothing is done until it is right"
                )
                logger.error(words, self.apart)
            return False
        if not was_right:
            logger.info("this clock is right again")
        self.due_at = time.monotonic() + EVERY_SECONDS
        return True
