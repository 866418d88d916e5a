"""When a failed event is tried again."""

from datetime import timedelta

import pytest

from eventbus.retry import backoff


@pytest.mark.parametrize(
    ("attempt", "draw", "seconds"),
    [
        (1, 0.0, 0.25),  # min(300, 0.5 * 2**0) = 0.5: half fixed, half drawn
        (1, 1.0, 0.5),
        (2, 0.5, 0.75),  # 1 / 2 + 1 / 2 * 0.5
        (4, 0.0, 2.0),  # 0.5 * 2**3 = 4
        (10, 0.0, 128.0),  # 0.5 * 2**9 = 256
        (11, 1.0, 300.0),  # 512, capped
        (10_000, 0.0, 150.0),  # no overflow
    ],
)
def test_backoff(attempt: int, draw: float, seconds: float) -> None:
    assert backoff(attempt, draw=draw) == timedelta(seconds=seconds)


def test_the_draw_spreads_a_crowd() -> None:
    waits = {backoff(5) for _ in range(50)}
    assert len(waits) > 40
    assert timedelta(seconds=4) <= min(waits) <= max(waits) <= timedelta(seconds=8)
