"""When a failed event is tried again."""

import random
from datetime import timedelta

CAP = 300.0  # seconds; a dependency that is down for hours is found again within five minutes


def backoff(attempt: int, *, draw: float | None = None) -> timedelta:
    """The wait after the failed attempt number `attempt` (1 is the first).

    min(CAP, 0.5 * 2**(attempt - 1)) seconds, of which half is fixed and half is drawn at random
    ("equal jitter", so that a crowd that failed together does not come back together): 0.25-0.5,
    0.5-1, 1-2, 2-4, ... s. `draw` in [0, 1) replaces the random number.
    """
    whole = min(CAP, 0.5 * 2.0 ** min(attempt - 1, 20))
    drawn = random.random() if draw is None else draw
    return timedelta(seconds=whole / 2 + whole / 2 * drawn)
