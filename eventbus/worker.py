"""The loop: promote what is due, read what is new, retry what failed, make the calls."""

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import groupby

from eventbus import calls, conf, cuts, metrics, parking, retries, schedule, wakeup, watchdog
from eventbus.clocks import REST_SECONDS, Clock
from eventbus.cursors import prepare
from eventbus.engines import Engine, engine
from eventbus.engines.base import Look
from eventbus.housekeeping import Housekeeping
from eventbus.models import Parked
from eventbus.notify import LISTEN_SECONDS, start_listener
from eventbus.operating.ranges import lift_abandoned
from eventbus.reading import LAG_SECONDS, Reader
from eventbus.registry import subscribers
from eventbus.wakeup import Bell

logger = logging.getLogger("eventbus.worker")

YIELD_SECONDS = 0.001  # between batches, so that a web request gets SQLite's write lock
AT_ONCE = 20  # external calls at most that a batch handler gets
CALLER_SECONDS = 30.0  # callers are rung when a call is due; this is for a ring that went wrong
State = Parked.State


class Worker:
    """Reads for all subscribers of this deployment."""

    def __init__(self) -> None:
        self.reader = Reader()
        self.lifted_at = 0.0
        self.housekeeping = Housekeeping()

    def step(self) -> int:
        """One round over everything there is to do; says how many events were dealt with."""
        bus = engine()
        bus.guard(conf.get("hang_seconds"))
        cuts.say(bus)
        look = bus.look(subscribers)
        if time.monotonic() - self.lifted_at > LAG_SECONDS:
            lift_abandoned()
            self.lifted_at = time.monotonic()
        done = 0
        if look.scheduled:
            done += _apart(bus, partial(schedule.promote, bus, now=look.now))
        done += self._read(bus, look)
        if look.parked:
            for row in parking.due(look.now).filter(state=State.RETRYING)[:100]:
                done += _apart(bus, partial(retries.retry, bus, row, now=look.now))
        done += _apart(bus, partial(self.housekeeping.step, bus))
        if look.calls:
            wakeup.callers.ring()
        return done

    def _read(self, bus: Engine, look: Look) -> int:
        """A batch of every cursor with something new: as many as can be in one transaction."""
        batches = self.reader.pending(bus, look)
        together = [batch for batch in batches if self.reader.trusts(batch)]
        done = None
        if len(together) > 1:
            done = self.reader.read_together(bus, together)
        apart = [batch for batch in batches if done is None or batch not in together]
        return (done or 0) + sum(
            _apart(bus, partial(self.reader.read, bus, batch)) for batch in apart
        )


class Caller:
    """Makes external calls, one after the other, or a batch at once for handlers that take one."""

    def step(self) -> int:
        """One round over the calls that are due; says how many it dealt with."""
        bus = engine()
        bus.guard(conf.get("hang_seconds"))
        cuts.say(bus)
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
    _loop(stop, Worker().step, wakeup.readers, first=prepare)
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
    pause, clock = 0.0, Clock()
    try:
        while not stop.is_set():
            try:
                if not clock.is_right(engine()):
                    stop.wait(REST_SECONDS)
                    continue
                if first is not None:
                    first()
                    first = None
                seen = bell.rings
                done = step()
                if done:
                    wakeup.ring()  # that is work for the others: a call to make, a key freed
                    time.sleep(YIELD_SECONDS)
                elif bell is wakeup.readers:
                    metrics.woken(bell.wait(seen, conf.get("poll_seconds")))
                else:
                    bell.wait(seen, CALLER_SECONDS)
                pause = 0.0
            except Exception:
                pause = min(5.0, pause * 2 or 0.05)  # seconds
                with suppress(Exception):  # without memory even this may fail
                    logger.exception("the bus goes on after an error")
                with suppress(Exception):
                    engine().close()
                wakeup.rest(stop, pause * random.uniform(0.5, 1))
    finally:
        engine().close()
