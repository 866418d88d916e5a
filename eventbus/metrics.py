"""What this process did, for Prometheus. docs/bus-metrics.md says what each number means.

Counted after the commit: what was rolled back is in no number. A transaction's work is tallied
in plain lists and counted at once, so that a delivery costs about a microsecond.
"""

import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Literal

import prometheus_client

from eventbus.envelope import Envelope

if TYPE_CHECKING:  # the apps are not loaded yet when the bus is imported
    from eventbus.models import Parked

Outcome = Literal[
    "done",  # its effect is committed
    "parked",  # moved past and set aside: it failed, waits behind its key, or is a call to make
    "retried",  # an attempt at a parked event failed, and it will be tried again
    "dead",  # its last attempt failed
    "skipped",  # not for its handler: its subject was erased
    "replayed",  # handled once more, or called no more, in a rebuild
]
Source = Literal["commit", "notify", "poll"]

SECONDS = (
    0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
)  # fmt: skip
E2E_SECONDS = (*SECONDS[2:], 60, 300, 1800, 3600)
FEW = 8  # values that are observed faster one by one


class Distribution(prometheus_client.Histogram):
    """A histogram that takes many values with one addition a bucket, not one a value."""

    def observe_all(self, values: Sequence[float]) -> None:
        """The same as `observe` of each."""
        if len(values) < FEW:
            for value in values:
                self.observe(value)
            return
        self._sum.inc(sum(values))
        for bucket, count in Counter(map(partial(bisect_left, self._upper_bounds), values)).items():
            self._buckets[bucket].inc(count)


PUBLISHED = prometheus_client.Counter(
    "eventbus_published_total", "Events that took their place in the log.", ["name"]
)
HANDLED = prometheus_client.Counter(
    "eventbus_handled_total",
    "What became of events: done, parked, retried, dead, skipped, replayed.",
    ["subscriber", "name", "outcome"],
)
HANDLER = Distribution(
    "eventbus_handler_seconds",
    "One call of a handler whose transaction was committed, or of one outside any.",
    ["subscriber", "name"],
    buckets=SECONDS,
)
E2E = Distribution(
    "eventbus_e2e_seconds",
    "From the event's publication to the commit of its effect.",
    ["subscriber"],
    buckets=E2E_SECONDS,
)
BATCH = Distribution(
    "eventbus_batch_size",
    "Events moved past in one transaction.",
    ["subscriber"],
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
)
RETRIES = prometheus_client.Counter(
    "eventbus_retries_total", "Attempts at an event after its first.", ["subscriber"]
)
CONFLICTS = prometheus_client.Counter(
    "eventbus_claim_conflicts_total", "Cursors with work that another worker held."
)
WAKEUPS = prometheus_client.Counter(
    "eventbus_wakeups_total", "What made a worker look for work: commit, notify, poll.", ["source"]
)

# `labels` costs a microsecond.
_published = cache(PUBLISHED.labels)
_handled = cache(HANDLED.labels)
_handler = cache(HANDLER.labels)
_e2e = cache(E2E.labels)
_batch = cache(BATCH.labels)
_retries = cache(RETRIES.labels)
_wakeups = cache(WAKEUPS.labels)


_counting: ContextVar[bool] = ContextVar("eventbus_counting", default=True)


@contextmanager
def uncounted() -> Iterator[None]:
    """What is tallied meanwhile is going to be rolled back in the end."""
    token = _counting.set(False)
    try:
        yield
    finally:
        _counting.reset(token)


def counting() -> bool:
    """Whether what is done now is going to stay done."""
    return _counting.get()


@dataclass(slots=True)
class Tally:
    """What one transaction does for a subscriber; `count` it after the commit, or forget it."""

    subscriber: str
    runs: list[tuple[Sequence[Envelope], Outcome, float | None]] = field(default_factory=list)

    def put(self, events: Sequence[Envelope], outcome: Outcome, since: float | None = None) -> None:
        """This becomes of the events; by one call of their handler, if it began at `since` (of
        `perf_counter`)."""
        if events:
            taken = None if since is None else time.perf_counter() - since
            self.runs.append((events, outcome, taken))

    def count(self) -> None:
        """Add it to this process's numbers."""
        if not self.runs or not counting():
            return  # a cursor that moved past nothing, or what will be rolled back
        outcomes: dict[tuple[str, Outcome], int] = defaultdict(int)
        seconds: dict[str, list[float]] = defaultdict(list)
        done: list[Envelope] = []
        for events, outcome, taken in self.runs:
            for event in events:
                outcomes[event.name, outcome] += 1
            if outcome == "done":
                done += events
            if taken is not None:
                seconds[events[0].name].append(taken)
        _batch(self.subscriber).observe(sum(outcomes.values()))
        for (name, outcome), number in outcomes.items():
            _handled(self.subscriber, name, outcome).inc(number)
        for name, values in seconds.items():
            _handler(self.subscriber, name).observe_all(values)
        _count_ages(self.subscriber, [event.occurred_at for event in done])


def _count_ages(subscriber: str, published_at: Iterable[datetime]) -> None:
    now = time.time()
    # The clocks of two machines may differ: never less than nothing.
    ages = [max(0.0, now - at.timestamp()) for at in published_at]
    if ages:
        _e2e(subscriber).observe_all(ages)


def begun(row: "Parked") -> None:
    """An attempt at a parked event was begun, committed; its number is in the row."""
    if row.attempts > 1:
        _retries(row.subscriber).inc()


def called(row: "Parked", seconds: float) -> None:
    """A handler was called for a parked event, or made its call."""
    _handler(row.subscriber, row.name).observe(seconds)


def settled(row: "Parked") -> None:
    """The effect of a parked event is committed."""
    _handled(row.subscriber, row.name, "done").inc()
    _count_ages(row.subscriber, [row.occurred_at])


def failed(row: "Parked", state: str) -> None:
    """An attempt at a parked event failed, and it is in this state now, committed."""
    outcome: Outcome = "dead" if state == "dead" else "retried"
    _handled(row.subscriber, row.name, outcome).inc()


def published(name: str, count: int = 1) -> None:
    """Events are in the log, committed."""
    _published(name).inc(count)


def conflicted() -> None:
    """Another worker held the cursor that this one wanted."""
    CONFLICTS.inc()


def woken(source: Source) -> None:
    """A worker looks for work."""
    _wakeups(source).inc()
