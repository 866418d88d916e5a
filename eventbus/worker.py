"""The loop: promote what is due, read what is new, retry what failed, make the calls."""

import logging
import random
import threading
import time
from collections.abc import Callable
from functools import partial

from eventbus import calls, conf, parking, retries, schedule, wakeup
from eventbus.cursors import ensure_cursors
from eventbus.delivery import run_batch
from eventbus.engines import Engine, engine
from eventbus.models import Parked
from eventbus.notify import LISTEN_SECONDS, start_listener
from eventbus.registry import Subscriber, subscribers

logger = logging.getLogger("eventbus.worker")

LAG_SECONDS = 5.0  # idle cursors are moved to the log's end this often, not at every event
YIELD_SECONDS = 0.001  # between batches, so that a web request gets SQLite's write lock
State = Parked.State


class Worker:
    """Reads for all subscribers of this deployment, one batch at a time."""

    def __init__(self) -> None:
        self.limits: dict[int, int] = {}  # events in the next batch, by cursor
        self.caught_up_at = 0.0

    def step(self) -> int:
        """One round over everything there is to do; says how many events were dealt with."""
        bus = engine()
        now = bus.clock()
        done = _apart(bus, partial(schedule.promote, bus, now=now))
        for subscriber, cursor in self._pending(bus):
            done += _apart(bus, partial(self._run, bus, subscriber, cursor))
        for row in parking.due(now).filter(state=State.RETRYING)[:100]:
            done += _apart(bus, partial(retries.retry, bus, row, now=now))
        return done

    def _pending(self, bus: Engine) -> list[tuple[Subscriber, int]]:
        """Cursors with something to read; now and then also those that merely lag."""
        catch_up = time.monotonic() - self.caught_up_at > LAG_SECONDS
        found = []
        for subscriber in list(subscribers.values()):
            cursors = set(bus.pending(subscriber.name, subscriber.handlers))
            if catch_up:
                cursors |= set(bus.lagging(subscriber.name))
            found += [(subscriber, cursor) for cursor in cursors]
        if catch_up:
            self.caught_up_at = time.monotonic()
        if found:
            bus.refresh()
            random.shuffle(found)  # several workers: do not all knock at the same door
        return found

    def _run(self, bus: Engine, subscriber: Subscriber, cursor: int) -> int:
        """One batch; halved after a deadlock or the like, and grown again step by step."""
        most: int = conf.get("batch")
        limit = self.limits.get(cursor, min(8, most))
        try:
            done = run_batch(bus, subscriber, cursor, limit=limit)
        except Exception as error:
            if not bus.is_transient(error):
                raise
            self.limits[cursor] = max(1, limit // 2)
            logger.warning("batch of %s will be run again: %s", subscriber.name, error)
            if not bus.connection.is_usable():
                raise
            time.sleep(random.uniform(0, 0.01))  # two that deadlocked must not meet again
            wakeup.ring()
            return 0
        self.limits[cursor] = min(most, limit * 2) if done == limit else limit
        return done


def run(stop: threading.Event) -> None:
    """Work until `stop` is set: one thread that reads and some that make the external calls.

    No error ends it: the database may go away and come back.
    """
    callers = [
        threading.Thread(target=_loop, args=(stop, _Caller().step), name=f"eventbus-caller-{n}")
        for n in range(conf.get("callers"))
    ]
    for caller in callers:
        caller.daemon = True
        caller.start()
    listener = start_listener(stop)
    _loop(stop, Worker().step, first=ensure_cursors)
    if listener is not None:
        listener.join(timeout=2 * LISTEN_SECONDS)
    for caller in callers:
        caller.join(timeout=10)  # seconds; a call that lasts longer is taken over after our end


class _Caller:
    """Makes external calls, one at a time."""

    def step(self) -> int:
        bus = engine()
        now = bus.clock()
        done = 0
        for row in parking.due(now).filter(state__in=[State.TO_CALL, State.CALLING])[:10]:
            done += _apart(bus, partial(calls.call, bus, row, now=now))
        return done


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
    stop: threading.Event, step: Callable[[], int], first: Callable[[], None] | None = None
) -> None:
    seen, pause = wakeup.rings(), 0.0
    try:
        while not stop.is_set():
            try:
                if first is not None:
                    first()
                    first = None
                seen = wakeup.rings()
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
            else:
                wakeup.wait(seen, conf.get("poll_seconds"))
    finally:
        engine().close()
