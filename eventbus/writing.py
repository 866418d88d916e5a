"""Writing what is published: at once; or, while a batch is handled, all of it together at the end.

A statement for each event would be a round trip for each. What the handlers of a batch publish is
written by one, before the cursor moves and in the same transaction. They hold the locks of the
rows they changed until then, so a key's events still get their ids in the order of its changes. A
savepoint that is rolled back takes with it what was published since, as it would from the log.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import product
from typing import Any

from django.db import transaction

from eventbus import metrics
from eventbus.blanking import on_arrival
from eventbus.engines import Engine
from eventbus.notify import announce

Entry = tuple[dict[str, Any], datetime | None]  # an event, and when it takes its place in the log


class Together:
    """What a transaction publishes, and has yet to write."""

    def __init__(self, bus: Engine) -> None:
        self.bus = bus
        self.entries: list[Entry] = []
        self.written = 0  # of them
        self.scheduled: set[tuple[str, str]] = set()  # names and keys
        self.savepoints: dict[str, tuple[int, int]] = {}  # entries, and written, when it was set

    def add(self, entry: Entry) -> None:
        """Keep it for `write`."""
        self.bus.connection.validate_no_broken_transaction()
        body, at = entry
        if at is not None:
            self.scheduled.add((body["name"], body["key"]))
        self._watch()
        self.entries.append(entry)

    def write(self) -> None:
        """Write what is not written yet."""
        if rest := self.entries[self.written :]:
            _write(self.bus, rest)
            self.written = len(self.entries)

    def _watch(self) -> None:
        """From the first event on, for it costs every statement a microsecond or two. Savepoints
        set before stand for: no event. First in the list, as each context there takes off the
        last."""
        watchers = self.bus.connection.execute_wrappers
        if self._follow not in watchers:
            watchers.insert(0, self._follow)

    def end(self) -> None:
        """Watch no more."""
        watchers = self.bus.connection.execute_wrappers
        if self._follow in watchers:
            watchers.remove(self._follow)

    def _follow(self, execute: Callable[..., Any], sql: Any, *arguments: Any) -> Any:
        """Execute a handler's statement; what it does with a savepoint holds here too."""
        verb = sql[:9].upper() if isinstance(sql, str) else ""
        if verb == "SAVEPOINT":
            self.savepoints[_name(sql)] = len(self.entries), self.written
        result = execute(sql, *arguments)
        if verb == "ROLLBACK ":
            kept, self.written = self.savepoints.get(_name(sql), (0, 0))
            del self.entries[kept:]
        return result


def _name(sql: str) -> str:
    return sql.split()[-1].strip('";')


@contextmanager
def together(bus: Engine) -> Iterator[None]:
    """Write at its end, in one statement, what is published meanwhile in this thread."""
    bus.together = Together(bus)
    try:
        yield
        bus.together.write()
    finally:
        bus.together.end()
        bus.together = None


def write(bus: Engine, body: dict[str, Any], at: datetime | None) -> None:
    """Write the event into the log, or into what is scheduled; in a batch, at its end."""
    if bus.together is None:
        _write(bus, [(body, at)])
    else:
        bus.together.add((body, at))


def take_back(bus: Engine, name: str, keys: Sequence[str]) -> int:
    """Delete the scheduled events of that name and those keys; says how many."""
    if bus.together is not None and not bus.together.scheduled.isdisjoint(product([name], keys)):
        bus.together.write()
    return bus.unschedule(name, keys) if keys else 0


def _write(bus: Engine, entries: Sequence[Entry]) -> None:
    bodies = on_arrival([body for body, _ in entries])
    times = [at for _, at in entries]
    log = [body for body, at in zip(bodies, times, strict=True) if at is None]
    later = [(body, at) for body, at in zip(bodies, times, strict=True) if at is not None]
    if log:
        bus.append(*log)
    if later:
        bus.schedule(*later)
    tell = partial(_tell, Counter(body["name"] for body in log))
    # It is committed by then: a failure to wake others must not look like one of the commit.
    transaction.on_commit(tell, using=bus.connection.alias, robust=True)


def _tell(published: Mapping[str, int]) -> None:
    announce()
    for name, count in published.items():
        metrics.published(name, count)
