"""Merging a subscriber's ranges: they meet at one position, while it works."""

from collections.abc import Callable
from typing import Any

import pytest

from eventbus import operating
from eventbus.errors import Refused
from eventbus.models import Intervention
from eventbus.operating.ranges import lift_abandoned
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import noting
from eventbus.tests.test_ranges import (
    ADA,
    HIGH,
    LOW,
    at_once,
    mine,
    no_wait,
    ranges,
    stands,
)
from eventbus.worker import Worker


def two_ranges_apart(effects: Effects, say: Any) -> None:
    """The lower one has read 1, and the upper one had nothing to read."""
    noting(effects, "a")
    say(LOW, 0)
    drain()
    operating.split("a", into=2, **ADA)
    say(LOW, 1)
    drain()
    lower, upper = stands()
    assert lower != upper


def test_ranges_at_one_position_merge_at_once(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say(LOW, 1)
    say(HIGH, 2)
    operating.status()
    operating.split("a", into=4, **ADA)
    operating.merge("a", into=2, wait=no_wait, **ADA)
    assert ranges() == [(0, 128), (128, 256)]
    drain()
    assert effects.of("a") == [1, 2]


def test_ranges_apart_meet_at_the_logs_present_end_and_go_on(effects: Effects, say: Any) -> None:
    """What is published during the wait is read after it, and by the workers, not by the merge."""
    two_ranges_apart(effects, say)
    say(LOW, 2)
    seen = []

    def wait(reached: Callable[[], bool]) -> bool:
        seen.append((reached(), effects.of("a")))
        say(LOW, 3)
        say(HIGH, 4)
        drain()
        seen.append((reached(), effects.of("a")))
        return True

    operating.merge("a", wait=wait, **ADA)
    assert seen == [(False, [0, 1]), (True, [0, 1, 2])]
    assert ranges() == [(0, 256)]
    assert mine().get().stop_at is None
    drain()
    assert (effects.of("a", LOW), effects.of("a", HIGH)) == ([0, 1, 2, 3], [4])


def test_ranges_with_nothing_to_read_meet_without_a_worker(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()
    operating.split("a", into=8, **ADA)
    say(LOW, 1)
    drain()
    operating.merge("a", wait=lambda reached: reached(), **ADA)
    assert ranges() == [(0, 256)]
    assert drain() == 0
    assert effects.of("a") == [1]


def test_a_wait_in_vain_changes_nothing(effects: Effects, say: Any) -> None:
    two_ranges_apart(effects, say)
    say(LOW, 2)
    with pytest.raises(Refused, match="did not meet in time"):
        operating.merge("a", wait=lambda reached: reached(), **ADA)
    assert ranges() == [(0, 128), (128, 256)]
    assert list(mine().values_list("stop_at", flat=True)) == [None, None]
    assert not Intervention.objects.filter(act="merge").exists()
    drain()
    assert effects.of("a") == [0, 1, 2]


def test_ranges_that_rest_apart_are_not_waited_for(effects: Effects, say: Any) -> None:
    two_ranges_apart(effects, say)
    operating.pause("a", **ADA)
    with pytest.raises(Refused, match="resume it first"):
        operating.merge("a", wait=no_wait, **ADA)
    assert list(mine().values_list("stop_at", "paused")) == [(None, True)] * 2


def test_ranges_stopped_by_a_merge_that_died_go_on(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    say(LOW, 1)
    drain()
    mine().update(stop_at=stop_here())
    say(LOW, 2)
    assert drain() == 0
    assert "merging" in [row.state for row in operating.status() if row.subscriber == "a"]
    Worker().step()
    drain()
    assert effects.of("a") == [1, 2]


def stop_here() -> int:
    cursor = mine().get()
    return cursor.tick or cursor.pos


def test_a_merge_that_lives_keeps_its_stop_and_is_alone(effects: Effects, say: Any) -> None:
    two_ranges_apart(effects, say)
    seen = []

    def second() -> None:
        with pytest.raises(Refused, match="being merged already"):
            operating.merge("a", by="ben", wait=no_wait)
        lift_abandoned()

    def wait(reached: Callable[[], bool]) -> bool:
        at_once(second)
        seen.extend(mine().values_list("stop_at", flat=True))
        return reached()

    operating.merge("a", wait=wait, **ADA)
    assert len(seen) == 2
    assert None not in seen
    assert ranges() == [(0, 256)]
