"""Splitting a subscriber's shards among more cursors, and merging them, while it works."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from eventbus import Envelope, operating, publish, subscribe
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.errors import NotFound, Refused
from eventbus.models import Cursor, Intervention, Parked, Rebuild
from eventbus.registry import subscribers
from eventbus.shards import SHARDS, shard_of
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Happened, Number
from eventbus.tests.test_delivery import LATER, noting
from eventbus.tests.test_pausing import wait_for_a_lock
from eventbus.worker import Worker

ADA = {"by": "ada"}
LOW, HIGH = "k0", "k1"  # keys of shards below and above 128


def mine() -> QuerySet[Cursor]:
    return Cursor.objects.filter(subscriber="a").order_by("lo")


def ranges() -> list[tuple[int, int]]:
    return list(mine().values_list("lo", "hi"))


def stands() -> list[tuple[int | None, int | None, int]]:
    return list(mine().values_list("tick", "target", "pos"))


def at_once(*acts: Callable[[], object]) -> None:
    """Each in a thread and session of its own, all begun together; their errors are raised."""
    barrier, errors = threading.Barrier(len(acts)), []

    def run(act: Callable[[], object]) -> None:
        try:
            barrier.wait()
            act()
        except Exception as error:
            errors.append(error)
        finally:
            engine().close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def no_wait(reached: Callable[[], bool]) -> bool:
    raise AssertionError("there was nothing to wait for")


def drained(reached: Callable[[], bool]) -> bool:
    drain()
    return reached()


def test_the_keys_are_of_two_halves() -> None:
    assert (shard_of(LOW) < 128, shard_of(HIGH) < 128) == (True, False)


@pytest.mark.parametrize("into", [1, 2, 3, 7, 100, 256])
def test_a_split_covers_every_shard_once_and_evenly(effects: Effects, into: int) -> None:
    noting(effects, "a")
    drain()
    operating.split("a", into=into, **ADA)
    found = ranges()
    assert len(found) == into
    assert [lo for lo, _ in found] == [0, *[hi for _, hi in found[:-1]]]
    assert found[-1][1] == SHARDS
    widths = {hi - lo for lo, hi in found}
    assert max(widths) - min(widths) <= 1


def test_a_second_split_cuts_the_widest_ranges(effects: Effects) -> None:
    noting(effects, "a")
    drain()
    operating.split("a", into=3, **ADA)
    assert ranges() == [(0, 85), (85, 170), (170, 256)]
    operating.split("a", into=5, **ADA)
    assert ranges() == [(0, 42), (42, 85), (85, 170), (170, 213), (213, 256)]
    assert [row.reason for row in Intervention.objects.order_by("id")] == ["into 3", "into 5"]


def test_every_part_goes_on_where_its_range_stood(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    for n in range(6):
        say(LOW, n)
        say(HIGH, n)
    engine().refresh()
    drain_one_batch(limit=5)
    before = stands()
    operating.split("a", into=4, **ADA)
    assert stands() == before * 4
    drain()
    assert (effects.of("a", LOW), effects.of("a", HIGH)) == ([*range(6)], [*range(6)])


def drain_one_batch(limit: int) -> int:
    operating.status()  # gives new subscribers their cursors
    return run_batch(engine(), subscribers["a"], mine().get().pk, limit=limit)


@pytest.mark.parametrize("into", [-1, 0, 257])
def test_no_such_number_of_ranges(effects: Effects, into: int) -> None:
    noting(effects, "a")
    drain()
    with pytest.raises(Refused, match="1 to 256"):
        operating.split("a", into=into, **ADA)
    with pytest.raises(Refused, match="has 1 ranges"):
        operating.merge("a", into=into, wait=no_wait, **ADA)
    assert ranges() == [(0, 256)]


def test_split_only_makes_more_and_merge_only_fewer(effects: Effects) -> None:
    noting(effects, "a")
    drain()
    operating.split("a", into=4, **ADA)
    with pytest.raises(Refused, match="`merge` makes fewer"):
        operating.split("a", into=3, **ADA)
    with pytest.raises(Refused, match="`split` makes more"):
        operating.merge("a", into=5, wait=no_wait, **ADA)
    for act in (operating.split, operating.merge):
        with pytest.raises(NotFound, match="nobody"):
            act("nobody", into=1, **ADA)
    assert len(ranges()) == 4
    assert Intervention.objects.count() == 1


@pytest.mark.parametrize("seed", range(3))
def test_order_and_effects_hold_over_splits_and_merges_under_load(
    effects: Effects, seed: int
) -> None:
    """1 -> 8 -> 3 -> 5 -> 1 ranges, while events are published and batches of any size are read in
    any order, and some keys fail and are retried."""
    draw = random.Random(seed)
    begun: Counter[int] = Counter()
    keys = [f"k{n}" for n in range(10)]

    @subscribe("test.happened", subscriber="a")
    def note(view: Number, envelope: Envelope) -> None:
        begun[view.n] += 1
        if view.n % 17 == 3 and begun[view.n] <= 3:
            raise ValueError("down")
        effects.note("a", envelope.key, view.n)

    said: dict[str, list[int]] = {key: [] for key in keys}

    def load(upto: int) -> None:
        for n in range(upto - 30, upto):
            key = draw.choice(keys)
            said[key].append(n)
            with transaction.atomic():
                publish(Happened(n=n), key=key)
            engine().refresh()
            for _ in range(draw.randint(0, 2)):
                cursor = draw.choice(mine())
                run_batch(engine(), subscribers["a"], cursor.pk, limit=draw.randint(1, 5))

    drain()
    load(30)
    operating.split("a", into=8, **ADA)
    load(60)
    operating.merge("a", into=3, wait=drained, **ADA)
    load(90)
    operating.split("a", into=5, **ADA)
    load(120)
    operating.merge("a", wait=drained, **ADA)
    load(150)
    for hour in range(12):  # what fails does so three times, and a key may have several
        drain(now=timezone.now() + LATER * hour)
    assert {key: effects.of("a", key) for key in keys} == said
    assert ranges() == [(0, 256)]
    assert Parked.objects.count() == 0


def test_a_rebuild_is_split_along_and_not_merged(effects: Effects) -> None:
    noting(effects, "a")
    drain()
    cursor = mine().get()
    begun = {"tick": 7, "target": 9, "pos": 4, "started_at": timezone.now()}
    Rebuild.objects.create(cursor=cursor, muted={"published x.y": 2}, **begun)
    operating.split("a", into=3, **ADA)
    rebuilds = Rebuild.objects.order_by("cursor__lo").values_list("tick", "target", "pos", "muted")
    assert list(rebuilds) == [(7, 9, 4, {"published x.y": 2}), (7, 9, 4, {}), (7, 9, 4, {})]
    with pytest.raises(Refused, match="being rebuilt"):
        operating.merge("a", wait=no_wait, **ADA)


def test_operators_split_at_once(effects: Effects, say: Any) -> None:
    noting(effects, "a")
    drain()

    def split(into: int) -> Callable[[], None]:
        return lambda: operating.split("a", into=into, **ADA)

    with suppress(Refused):  # the later ones, if another was faster and made more
        at_once(*map(split, (2, 3, 5, 8)))
    found = ranges()
    assert len(found) == 8
    assert [lo for lo, _ in found] == [0, *[hi for _, hi in found[:-1]]]
    assert found[-1][1] == SHARDS


def test_workers_work_while_their_ranges_are_split_and_are_more_than_those(
    effects: Effects, say: Any
) -> None:
    noting(effects, "a")
    drain()
    keys = [f"k{n}" for n in range(8)]
    for n in range(10):
        for key in keys:
            say(key, n)

    def work() -> None:
        worker = Worker()
        for _ in range(15):
            worker.step()

    def split() -> None:
        operating.split("a", into=2, **ADA)
        operating.split("a", into=3, **ADA)

    at_once(work, work, work, work, split)
    drain()
    assert {key: effects.of("a", key) for key in keys} == {key: [*range(10)] for key in keys}


@pytest.mark.engine("postgresql")
def test_who_waits_for_a_shard_gets_the_cursor_that_has_it_after_a_split(effects: Effects) -> None:
    """The one it waited for has given the shard away meanwhile."""
    noting(effects, "a")
    drain()
    held = []

    def hold() -> None:
        try:
            with transaction.atomic():
                claim = engine().hold("a", 200, wait=True)
                held.append(claim and (claim.lo, claim.hi))
        finally:
            engine().close()

    waiting = threading.Thread(target=hold)
    with transaction.atomic():
        operating.split("a", into=2, **ADA)
        waiting.start()
        wait_for_a_lock()
    waiting.join()
    assert held == [(128, 256)]
