"""Rebuilds in the middle of anything: whatever happens in whatever order, what the subscriber
tells the world it tells once for each event, in order, and what it has built is right in the end.
"""

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from eventbus import operating
from eventbus.delivery import run_batch
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Parked, Rebuild
from eventbus.operating import retry_dead
from eventbus.registry import subscribers
from eventbus.replay import CannotReplay, dry_run, replay
from eventbus.testing import drain
from eventbus.tests.conftest import Effects
from eventbus.tests.test_delivery import LATER
from eventbus.tests.test_replay import catch_up, projecting
from eventbus.tests.test_visibility import another_connection, insert, on_postgresql, run
from eventbus.worker import Worker

KEYS = 3


class Story:
    """What may happen to the subscriber "a", drawn from a seed."""

    def __init__(self, effects: Effects, say: Callable[..., None], seed: int) -> None:
        self.effects, self.say, self.draw = effects, say, random.Random(seed)
        self.broken: set[int] = set()
        self.said = 0
        projecting(effects, fails=lambda n: n in self.broken)
        drain()

    def publish(self) -> None:
        for _ in range(self.draw.randint(1, 4)):
            self.said += 1
            self.say(f"k{self.said % KEYS}", self.said)

    def read_a_little(self) -> None:
        engine().refresh()
        cursor = self.draw.choice(list(Cursor.objects.filter(subscriber="a")))
        run_batch(engine(), subscribers["a"], cursor.pk, limit=self.draw.randint(1, 4))

    def read_all(self) -> None:
        drain(seed=self.draw.randrange(100))

    def breaks(self) -> None:
        if self.said:
            self.broken.add(self.draw.randint(1, self.said + 3))

    def is_mended(self) -> None:
        self.broken.clear()
        retry_dead(None)

    def split(self) -> None:
        ranges = Cursor.objects.filter(subscriber="a").count()
        if ranges < 4:
            operating.split("a", into=ranges + 1, by="ops")

    def go_back(self) -> None:
        where: Any = "beginning"
        mine = Event.objects.filter(name="test.happened")
        if self.draw.random() < 0.5 and mine.exists():
            where = self.draw.choice(list(mine)).event_id
        try:
            if self.draw.random() < 0.3:
                dry_run("a", where)
            else:
                replay("a", where, by="ops")
        except CannotReplay:
            assert Rebuild.objects.exists()

    def tell(self, steps: int) -> None:
        acts = [
            *[self.publish, self.read_a_little] * 3,
            *(self.read_all, self.breaks, self.is_mended, self.split, self.go_back, self.go_back),
        ]
        for _ in range(steps):
            self.draw.choice(acts)()

    def end_well(self) -> None:
        """Mend everything and let it come to rest; then once more from the beginning."""
        self.is_mended()
        for hour in range(3):
            drain(now=engine().clock() + LATER * hour)
        catch_up()
        assert not Rebuild.objects.exists()
        assert list(Parked.objects.values_list("state", "attempts", "error", "headers")) == []
        replay("a", "beginning", by="ops")
        drain(seed=1)


@pytest.mark.parametrize("seed", range(8))
def test_every_event_is_answered_once_and_in_order(effects: Effects, say: Any, seed: int) -> None:
    story = Story(effects, say, seed)
    story.tell(40)
    story.end_well()
    expect(effects, range(1, story.said + 1))


def expect(effects: Effects, numbers: range) -> None:
    for k in range(KEYS):
        mine = [n for n in numbers if n % KEYS == k]
        told = Event.objects.filter(name="test.followed", key=f"k{k}").order_by("id")
        assert [event.payload["n"] for event in told] == mine
        assert effects.of("a", f"k{k}") == mine
    assert Event.objects.filter(name="test.followed").count() == len(numbers)


def test_rebuilds_while_workers_and_publishers_are_at_it(effects: Effects, say: Any) -> None:
    projecting(effects)
    drain()
    operating.split("a", into=2, by="ops")
    stop, errors, rounds = threading.Event(), [], 6

    def apart(act: Callable[[], None]) -> threading.Thread:
        def go() -> None:
            try:
                act()
            except Exception as error:
                errors.append(error)
            finally:
                engine().close()
                connections.close_all()

        return threading.Thread(target=go)

    def work() -> None:
        worker = Worker()
        while not stop.is_set():
            worker.step()

    def publish() -> None:
        for n in range(1, 20 * rounds + 1):
            say(f"k{n % KEYS}", n)

    def go_back() -> None:
        for _ in range(rounds):
            while True:
                try:
                    replay("a", "beginning", by="ops")
                    break
                except CannotReplay:
                    stop.wait(0.01)

    threads = [apart(work), apart(work), apart(publish), apart(go_back)]
    for thread in threads:
        thread.start()
    for thread in threads[2:]:
        thread.join()
    stop.set()
    for thread in threads[:2]:
        thread.join()
    assert errors == []
    drain()
    expect(effects, range(1, 20 * rounds + 1))


@on_postgresql
@pytest.mark.parametrize("seed", range(4))
def test_late_commits_between_rebuilds_are_answered_once(
    effects: Effects, say: Any, seed: int
) -> None:
    """Transactions stay open over reads and rebuilds, and commit in any order."""
    story, draw = Story(effects, say, seed), random.Random(seed)
    late = [1000, 1001, 1002]
    with another_connection() as one, another_connection() as two, another_connection() as three:
        others = list(zip((one, two, three), late, strict=True))
        for other, n in others:
            run(other, "BEGIN", insert(n))
            story.tell(6)
        draw.shuffle(others)
        for other, _ in others:
            run(other, "COMMIT")
            story.tell(6)
    story.end_well()
    told = [event.payload["n"] for event in Event.objects.filter(name="test.followed")]
    assert sorted(told) == [*range(1, story.said + 1), *late]
    assert sorted(effects.of("a")) == sorted(told)
    assert connection.in_atomic_block is False
