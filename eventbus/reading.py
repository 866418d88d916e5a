"""Reading what is new: which cursors, how many events at once, and with how much care."""

import logging
import random
import time

from eventbus import careful, conf, wakeup
from eventbus.delivery import Batch, run_batch, run_together
from eventbus.engines import Engine
from eventbus.engines.base import Look
from eventbus.registry import Subscriber, subscribers

logger = logging.getLogger("eventbus.worker")

LAG_SECONDS = 5.0  # idle cursors are moved to the log's end this often, not at every event
FIRST = 8  # events in a cursor's first batch; doubled while there are more and they are quick
PATIENCE = 5  # transient errors of a range in a row; then it is read carefully
ALONE_SECONDS = 30.0  # after a deadlock: two ranges of the subscriber share rows
APART_SECONDS = 5.0  # a cursor whose batch has spoilt the transaction of several has its own


class Reader:
    """One worker's knowledge of its cursors."""

    def __init__(self) -> None:
        self.limits: dict[int, int] = {}  # events in the next batch, by cursor
        self.calm: set[int] = set()  # cursors that need no care
        self.backlog: set[int] = set()  # cursors that had more to read than they read
        self.errors: dict[int, int] = {}  # transient ones in a row, by cursor
        self.alone: dict[str, float] = {}  # until when nobody else may work for the subscriber
        self.apart: dict[int, float] = {}  # until when a cursor shares no transaction
        self.caught_up_at = 0.0

    def pending(self, bus: Engine, look: Look) -> list[Batch]:
        """A batch for each cursor with something to read; now and then also for those that merely
        lag."""
        if not look.unseen and not look.behind:
            return []
        if look.unseen:
            bus.refresh()
        wanted = {name: subscriber.handlers for name, subscriber in list(subscribers.items())}
        found = set(bus.pending(wanted))
        if time.monotonic() - self.caught_up_at > LAG_SECONDS:
            found |= set(bus.lagging(wanted))
            self.caught_up_at = time.monotonic()
        batches = [self._batch(subscribers[name], cursor) for name, cursor in found]
        random.shuffle(batches)  # several workers: do not all knock at the same door
        return batches

    def _batch(self, subscriber: Subscriber, cursor: int) -> Batch:
        most: int = conf.get("batch")
        return Batch(subscriber, cursor, self.limits.get(cursor, min(FIRST, most)))

    def trusts(self, batch: Batch) -> bool:
        """Whether the batch may share a transaction with others: a small one of a cursor that
        gave no trouble. One with a backlog would keep the others' cursors from other workers."""
        apart = time.monotonic() < self.apart.get(batch.cursor, 0)
        trouble = apart or batch.cursor in self.backlog or self._is_alone(batch.subscriber)
        return batch.cursor in self.calm and not trouble

    def _is_alone(self, subscriber: Subscriber) -> bool:
        return time.monotonic() < self.alone.get(subscriber.name, 0)

    def read_together(self, bus: Engine, batches: list[Batch]) -> int | None:
        """All in one transaction; None when that failed and nothing has happened."""
        if spoilers := run_together(bus, batches):
            until = time.monotonic() + APART_SECONDS
            self.apart |= {batch.cursor: until for batch in spoilers}
            return None
        for batch in batches:
            self._learn(batch, batch.done, cut=batch.done < len(batch.events))
        return sum(batch.done for batch in batches)

    def read(self, bus: Engine, batch: Batch) -> int:
        """One batch in a transaction of its own, or with care; halved after a deadlock or the
        like, and grown again step by step."""
        subscriber, cursor = batch.subscriber, batch.cursor
        session = bus.connection.connection
        try:
            if cursor not in self.calm:
                return self._read_carefully(bus, batch)
            began, alone = time.monotonic(), self._is_alone(subscriber)
            done = run_batch(bus, subscriber, cursor, limit=batch.limit, alone=alone)
        except Exception as error:
            if not bus.is_transient(error):
                raise
            self._note_transient(batch)
            logger.warning("batch of %s will be run again: %s", subscriber.name, error)
            if bus.connection.connection is not session:  # Django may have connected again
                self.calm.clear()  # whose fault was it?
            if not bus.connection.is_usable():
                raise
            time.sleep(random.uniform(0, 0.01))  # two that deadlocked must not meet again
            wakeup.ring()
            return 0
        self.errors.pop(cursor, None)
        self._learn(batch, done, cut=time.monotonic() - began > conf.get("batch_seconds"))
        return done

    def _learn(self, batch: Batch, done: int, *, cut: bool) -> None:
        (self.backlog.add if cut or done == batch.limit else self.backlog.discard)(batch.cursor)
        if cut:  # its time was up: more would be read in vain
            self.limits[batch.cursor] = max(1, done)
        elif done == batch.limit:
            self.limits[batch.cursor] = min(conf.get("batch"), batch.limit * 2)

    def _read_carefully(self, bus: Engine, batch: Batch) -> int:
        """A range's first batch, or its suspicious events, one by one for the time of a batch."""
        deadline = time.monotonic() + conf.get("batch_seconds")
        done = 0
        while time.monotonic() < deadline:
            step = careful.step(bus, batch.subscriber, batch.cursor, limit=batch.limit)
            done += step.moved
            if step.calm:
                self.calm.add(batch.cursor)
            if step.calm or not step.moved:
                break
        return done

    def _note_transient(self, batch: Batch) -> None:
        self.alone[batch.subscriber.name] = time.monotonic() + ALONE_SECONDS
        self.limits[batch.cursor] = max(1, batch.limit // 2)
        self.errors[batch.cursor] = self.errors.get(batch.cursor, 0) + 1
        if self.errors[batch.cursor] >= PATIENCE:
            self.calm.discard(batch.cursor)
