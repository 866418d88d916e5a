"""Whatever happens in whatever order: every committed event takes effect exactly once for every
subscriber, in the order of its source and key, nothing of a rolled-back one does, and the bus
comes to rest.

Hypothesis writes the script: who publishes what, what fails how often, when is drained with which
seed. It prints the script that fails, and a blob that replays it.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any, Literal

import pytest
from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventbus import Envelope, Reject, Retry, publish, subscribe
from eventbus.cursors import ensure_cursors
from eventbus.models import Cursor, Event, Parked, Scheduled
from eventbus.operating import retry_dead, status
from eventbus.registry import subscribers
from eventbus.testing import drain
from eventbus.tests.conftest import Effects, Followed, Happened, Number, OtherHappened
from eventbus.tests.test_visibility import insert, run
from eventbus.worker import Caller, Worker

EXAMPLES = settings.default.max_examples // (3 if connection.vendor == "sqlite" else 8)
SOURCES = {"test": Happened, "other": OtherHappened}
READERS = ("plain", "batch", "caller")
Trouble = Literal["error", "retry", "reject", "transient"]


class RolledBack(Exception):
    """The publisher changed its mind."""


# The script -----------------------------------------------------------------------------------
@dataclass(frozen=True)
class Publish:
    """Numbers under keys, in one transaction."""

    facts: tuple[tuple[str, str], ...]  # source, key
    rolled_back: bool = False
    later: bool = False  # scheduled, an hour ahead


@dataclass(frozen=True)
class Drain:
    seed: int


@dataclass(frozen=True)
class Step:
    """One round of a worker: the same as before, or a new one."""

    new: bool


@dataclass(frozen=True)
class Hours:
    """They pass."""

    count: int


@dataclass(frozen=True)
class Begin:
    """Another session publishes, under a key of its own, and does not commit yet."""


@dataclass(frozen=True)
class Commit:
    """One of those that are open is committed."""

    which: int


@dataclass(frozen=True)
class RetryDead:
    """An operator does, all of them."""


keys = st.sampled_from("aab")
publishing = st.builds(
    Publish,
    facts=st.lists(
        st.tuples(st.sampled_from(["test", "test", "other"]), keys), min_size=1, max_size=5
    ).map(tuple),
    rolled_back=st.sampled_from([False, False, True]),
    later=st.sampled_from([False, False, False, True]),
)
late: list[Any] = []  # SQLite has one writer at a time
if connection.vendor == "postgresql":
    late = [st.builds(Begin), st.builds(Commit, which=st.integers(0, 2))]
acts = st.one_of(
    publishing,
    publishing,
    st.builds(Drain, seed=st.integers(0, 99)),
    st.builds(Step, new=st.booleans()),
    st.builds(Hours, count=st.integers(1, 2)),
    st.builds(RetryDead),
    *late,
)
troubles = st.dictionaries(
    st.tuples(st.sampled_from([*READERS, "echo"]), st.integers(1, 12)),
    st.lists(st.sampled_from(["error", "retry", "reject", "transient"]), min_size=2, max_size=5),
    min_size=2,
    max_size=8,
)
ranges = st.sampled_from([(0, 256), (0, 100, 256), (0, 64, 128, 192, 256)])


# The world ------------------------------------------------------------------------------------
@dataclass
class World:
    """What the bus is asked for, and what must come of it."""

    effects: Effects
    left: dict[tuple[str, int], list[Trouble]]  # failures to come, by subscriber and number
    now: timedelta = timedelta(0)
    numbers: int = 0
    expected: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    scheduled: set[int] = field(default_factory=set)
    worker: Worker = field(default_factory=Worker)
    open: list[tuple[BaseDatabaseWrapper, int]] = field(default_factory=list)

    def trouble(self, subscriber: str, n: int) -> None:
        """Raise what is to go wrong now, if anything is."""
        left = self.left.get((subscriber, n))
        if left:
            raise {
                "error": ValueError("down"),
                "retry": Retry(after=timedelta(minutes=5)),
                "reject": Reject("broken"),
                "transient": OperationalError("database is locked"),
            }[left.pop()]

    def note(self, subscriber: str, envelope: Envelope, n: int) -> None:
        self.effects.note(subscriber, f"{envelope.source}:{envelope.key}", n)

    def subscribe(self) -> None:
        subscribers.clear()

        @subscribe("test.happened", "other.happened", subscriber="plain")
        def plain(view: Number, envelope: Envelope) -> None:
            self.note("plain", envelope, view.n)
            publish(Followed(n=view.n), key=f"{envelope.source}:{envelope.key}")
            self.trouble("plain", view.n)

        @subscribe("test.happened", "other.happened", subscriber="batch", batch=True)
        def batch(views: Sequence[Number], envelopes: Sequence[Envelope]) -> None:
            for view, envelope in zip(views, envelopes, strict=True):
                self.note("batch", envelope, view.n)
                self.trouble("batch", view.n)

        @subscribe("test.happened", "other.happened", subscriber="caller", external=True)
        def call(view: Number, envelope: Envelope) -> Callable[[], object]:
            self.trouble("caller", view.n)
            return lambda: self.note("caller", envelope, view.n)

        @subscribe("test.followed", subscriber="echo")
        def echo(view: Number, envelope: Envelope) -> None:
            self.trouble("echo", view.n)
            self.effects.note("echo", envelope.key, view.n)

    def act(self, act: object) -> None:
        match act:
            case Publish():
                self.publish(act)
            case Drain(seed):
                drain(seed=seed, now=timezone.now() + self.now)
            case Step(new):
                self.worker = Worker() if new else self.worker
                self.worker.step()
                Caller().step()
            case Hours(count):
                self.now += timedelta(hours=count)
            case RetryDead():
                retry_dead(None)
            case Begin():
                self.begin()
            case Commit(which) if self.open:
                self.commit(which)

    def publish(self, act: Publish) -> None:
        at = timezone.now() + self.now + timedelta(hours=1) if act.later else None
        said: list[tuple[str, int]] = []
        with suppress(RolledBack), transaction.atomic():
            for source, key in act.facts:
                self.numbers += 1
                publish(SOURCES[source](n=self.numbers), key=key, at=at)
                said.append((f"{source}:{key}", self.numbers))
            if act.rolled_back:
                raise RolledBack
            self.expect(said, scheduled=act.later)

    def expect(self, said: list[tuple[str, int]], *, scheduled: bool) -> None:
        for identity, n in said:
            self.expected[identity].append(n)
        if scheduled:
            self.scheduled |= {n for _, n in said}

    def begin(self) -> None:
        self.numbers += 1
        other = connection.copy()
        self.open.append((other, self.numbers))
        run(other, "BEGIN", insert(self.numbers, key=f"late{self.numbers}"))

    def commit(self, which: int) -> None:
        other, n = self.open.pop(which % len(self.open))
        run(other, "COMMIT")
        other.close()
        self.expect([(f"test:late{n}", n)], scheduled=False)

    def rest(self) -> None:
        """Time passes and operators do their part until nothing is left to do."""
        while self.open:
            self.commit(0)
        for _ in range(30):
            with suppress(OperationalError):
                self.now += timedelta(hours=2)
                retry_dead(None)
                if not drain(now=timezone.now() + self.now) and not Parked.objects.exists():
                    return
        raise AssertionError(f"no rest: {list(Parked.objects.values())}")

    def check(self) -> None:
        for subscriber in (*READERS, "echo"):
            assert len(self.effects.of(subscriber)) == sum(map(len, self.expected.values()))
            for identity, numbers in self.expected.items():
                found = self.effects.of(subscriber, identity)
                assert sorted(found) == numbers, (subscriber, identity)
                # A scheduled one has no order with the others of its key.
                assert [n for n in found if n not in self.scheduled] == [
                    n for n in numbers if n not in self.scheduled
                ], (subscriber, identity)
        assert not Scheduled.objects.exists()
        assert {row["behind"] for row in status()} == {0}


def empty() -> None:
    """As a new test finds the tables; hypothesis runs many examples in one."""
    for model in (Event, Parked, Scheduled, Cursor):
        model.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM eventbus_test_effect")


def range_cursors(ends: tuple[int, ...]) -> None:
    Cursor.objects.all().delete()
    for name in subscribers:
        for lo, hi in pairwise(ends):
            Cursor.objects.create(subscriber=name, lo=lo, hi=hi)


@pytest.mark.timeout(1200)  # nightly: twenty times as many
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(script=st.lists(acts, min_size=3, max_size=15), left=troubles, ends=ranges)
def test_every_script_ends_well(
    effects: Effects, script: list[object], left: Any, ends: tuple[int, ...]
) -> None:
    empty()
    world = World(effects, {key: list(kinds) for key, kinds in left.items()})
    world.subscribe()
    range_cursors(ends)
    ensure_cursors()
    for act in script:
        with suppress(OperationalError):
            world.act(act)
    world.rest()
    world.check()
