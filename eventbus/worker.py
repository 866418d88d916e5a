"""The loop: promote what is due, read what is new, retry what failed, make the calls."""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import groupby

from eventbus import calls, careful, conf, metrics, parking, retries, schedule, wakeup, watchdog
from eventbus.cursors import ensure_cursors
from eventbus.delivery import run_batch
from eventbus.engines import Engine, engine
from eventbus.engines.base import Look
from eventbus.models import Parked
from eventbus.notify import LISTEN_SECONDS, start_listener
from eventbus.registry import Subscriber, subscribers
from eventbus.wakeup import Bell

logger = logging.getLogger("eventbus.worker")

LAG_SECONDS = 5.0  # idle cursors are moved to the log's end this often, not at every event
YIELD_SECONDS = 0.001  # between batches, so that a web request gets SQLite's write lock
PATIENCE = 5  # transient errors of a range in a row; then it is read carefully
AT_ONCE = 20  # external calls at most that a batch handler gets
CALLER_SECONDS = 5.0  # callers are rung when a call is due; this is for a ring that went wrong
State = Parked.State


class Worker:
    """Reads for all subscribers of this deployment, one batch at a time."""

    def __init__(self) -> None:
        self.limits: dict[int, int] = {}  # events in the next batch, by cursor
        self.calm: set[int] = set()  # cursors that need no care
        self.errors: dict[int, int] = {}  # transient ones in a row, by cursor
        self.caught_up_at = 0.0

    def step(self) -> int:
        """One round over everything there is to do; says how many events were dealt with."""
        bus = engine()
        bus.guard(conf.get("hang_seconds"))
        look = bus.look(subscribers)
        done = 0
        if look.scheduled:
            done += _apart(bus, partial(schedule.promote, bus, now=look.now))
        for subscriber, cursor in self._pending(bus, look):
            done += _apart(bus, partial(self._run, bus, subscriber, cursor))
        if look.parked:
            for row in parking.due(look.now).filter(state=State.RETRYING)[:100]:
                done += _apart(bus, partial(retries.retry, bus, row, now=look.now))
        if look.calls or done:
            wakeup.callers.ring()
        return done

    def _pending(self, bus: Engine, look: Look) -> list[tuple[Subscriber, int]]:
        """Cursors with something to read; now and then also those that merely lag."""
        if not look.unseen and not look.behind:
            return []
        if look.unseen:
            bus.refresh()
        wanted = {name: subscriber.handlers for name, subscriber in list(subscribers.items())}
        found = set(bus.pending(wanted))
        if time.monotonic() - self.caught_up_at > LAG_SECONDS:
            found |= set(bus.lagging(wanted))
            self.caught_up_at = time.monotonic()
        cursors = [(subscribers[name], cursor) for name, cursor in found]
        random.shuffle(cursors)  # several workers: do not all knock at the same door
        return cursors

    def _run(self, bus: Engine, subscriber: Subscriber, cursor: int) -> int:
        """One batch; halved after a deadlock or the like, and grown again step by step."""
        most: int = conf.get("batch")
        limit = self.limits.get(cursor, min(8, most))
        try:
            if cursor not in self.calm:
                return self._run_carefully(bus, subscriber, cursor, limit)
            done = run_batch(bus, subscriber, cursor, limit=limit)
        except Exception as error:
            if not bus.is_transient(error):
                raise
            self._note_transient(cursor, limit)
            logger.warning("batch of %s will be run again: %s", subscriber.name, error)
            if not bus.connection.is_usable():
                self.calm.clear()  # whose fault was it?
                raise
            time.sleep(random.uniform(0, 0.01))  # two that deadlocked must not meet again
            wakeup.ring()
            return 0
        self.errors.pop(cursor, None)
        self.limits[cursor] = min(most, limit * 2) if done == limit else limit
        return done

    def _run_carefully(self, bus: Engine, subscriber: Subscriber, cursor: int, limit: int) -> int:
        """A range's first batch, or its suspicious events, one by one for the time of a batch."""
        deadline = time.monotonic() + conf.get("batch_seconds")
        done = 0
        while time.monotonic() < deadline:
            step = careful.step(bus, subscriber, cursor, limit=limit)
            done += step.moved
            if step.calm:
                self.calm.add(cursor)
            if step.calm or not step.moved:
                break
        return done

    def _note_transient(self, cursor: int, limit: int) -> None:
        self.limits[cursor] = max(1, limit // 2)
        self.errors[cursor] = self.errors.get(cursor, 0) + 1
        if self.errors[cursor] >= PATIENCE:
            self.calm.discard(cursor)


class Caller:
    """Makes external calls, one after the other, or a batch at once for handlers that take one."""

    def step(self) -> int:
        """One round over the calls that are due; says how many it dealt with."""
        bus = engine()
        due = parking.due(bus.clock()).filter(state__in=[State.TO_CALL, State.CALLING])[:AT_ONCE]
        done = 0
        for _, group in groupby(due, key=_batch_of):
            rows = list(group)
            done += _apart(bus, lambda rows=rows: calls.call(bus, rows, now=bus.clock()))  # type: ignore[misc]
        return done


def _batch_of(row: Parked) -> tuple[str, str, int]:
    """Rows next to each other that have the same are called together."""
    handler = subscribers[row.subscriber].handlers.get(row.name)
    alone = 0 if handler and handler.batch else row.pk
    return row.subscriber, row.name, alone


def run(stop: threading.Event) -> None:
    """Work until `stop` is set: one thread that reads and some that make the external calls.

    No error ends it: the database may go away and come back.
    """
    callers = [
        threading.Thread(
            target=_loop, args=(stop, Caller().step, wakeup.callers), name=f"eventbus-caller-{n}"
        )
        for n in range(conf.get("callers"))
    ]
    for caller in callers:
        caller.daemon = True
        caller.start()
    listener = start_listener(stop)
    watchdog.start(stop)
    _loop(stop, Worker().step, wakeup.readers, first=ensure_cursors)
    wakeup.callers.ring()
    if listener is not None:
        listener.join(timeout=2 * LISTEN_SECONDS)
    for caller in callers:
        caller.join(timeout=10)  # seconds; a call that lasts longer is taken over after our end


def _apart(bus: Engine, act: Callable[[], int]) -> int:
    """What `act` did; its error stops nothing else, unless the connection is gone for all."""
    try:
        return act()
    except Exception:
        if not bus.connection.is_usable():
            raise
        logger.exception("the bus goes on after an error")
        return 0


def _loop(
    stop: threading.Event,
    step: Callable[[], int],
    bell: Bell,
    first: Callable[[], None] | None = None,
) -> None:
    pause = 0.0
    try:
        while not stop.is_set():
            try:
                if first is not None:
                    first()
                    first = None
                seen = bell.rings
                done = step()
                pause = 0.0
            except Exception:
                pause = min(5.0, pause * 2 or 0.05)  # seconds
                logger.exception("the bus goes on after an error")
                engine().close()
                stop.wait(pause * random.uniform(0.5, 1))
                continue
            if done:
                wakeup.ring()  # what was done is work for the others: a call to make, a key freed
                time.sleep(YIELD_SECONDS)
            elif bell is wakeup.readers:
                metrics.woken(bell.wait(seen, conf.get("poll_seconds")))
            else:
                bell.wait(seen, CALLER_SECONDS)
    finally:
        engine().close()
