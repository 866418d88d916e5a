"""Dividing a subscriber's shards among more cursors, so that more workers share its events, or
among fewer."""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from eventbus import conf
from eventbus.engines import engine
from eventbus.engines.base import Move
from eventbus.engines.measures import measures
from eventbus.errors import Refused
from eventbus.models import Cursor, Intervention, Rebuild
from eventbus.notify import announce
from eventbus.operating import audit
from eventbus.operating.change import change, cursors, lock
from eventbus.registry import subscribers
from eventbus.shards import SHARDS

Act = Intervention.Act
Wait = Callable[[Callable[[], bool]], bool]  # until the question is answered with yes; the answer
MERGE_SECONDS = 30.0
LOOK_SECONDS = 0.05


def split(subscriber: str, *, into: int, by: str, reason: str = "") -> None:
    """Divide the subscriber's shards among `into` cursors (1 to 256), as evenly as the ranges that
    it has allow; each goes on where its range stood. More workers can then work for it at once.

    Raises NotFound when it has no cursor; Refused when it has more ranges than that already.
    """
    if not 1 <= into <= SHARDS:
        raise Refused(f"a subscriber can have 1 to {SHARDS} ranges, not {into}.")
    with change():
        ranges = lock(subscriber)
        if into < len(ranges):
            raise Refused(f"{subscriber} has {len(ranges)} ranges; `merge` makes fewer.")
        for cursor, parts in zip(ranges, _shares(ranges, into), strict=True):
            _cut(cursor, _bounds(cursor.lo, cursor.hi, parts))
        audit.record(Act.SPLIT, by=by, reason=reason or f"into {into}", subscriber=subscriber)


def _shares(ranges: Sequence[Cursor], into: int) -> list[int]:
    """Into how many parts each range is cut: always one more for the one with the widest parts."""
    shares = [1] * len(ranges)
    for _ in range(into - len(ranges)):
        widths = [(each.hi - each.lo) / parts for each, parts in zip(ranges, shares, strict=True)]
        shares[widths.index(max(widths))] += 1
    return shares


def _bounds(lo: int, hi: int, parts: int) -> list[int]:
    return [lo + (hi - lo) * part // parts for part in range(parts + 1)]


def _cut(cursor: Cursor, bounds: Sequence[int]) -> None:
    """Let the cursor keep the first part, and give the others to copies of it."""
    cursors().filter(pk=cursor.pk).update(lo=bounds[0], hi=bounds[1])
    parts = [
        Cursor(**_fields(cursor) | {"lo": lo, "hi": hi})
        for lo, hi in itertools.pairwise(bounds[1:])
    ]
    cursors().bulk_create(parts)
    for rebuild in Rebuild.objects.using(conf.get("database")).filter(cursor=cursor):
        begun = _fields(rebuild) | {"muted": {}}
        Rebuild.objects.using(conf.get("database")).bulk_create(
            Rebuild(**begun, cursor=part) for part in parts
        )


def _fields(row: Cursor | Rebuild) -> dict[str, Any]:
    fields = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
    return {name: getattr(row, name) for name in fields}


def merge(
    subscriber: str, *, by: str, into: int = 1, reason: str = "", wait: Wait | None = None
) -> None:
    """Divide the subscriber's shards evenly among fewer cursors: `into`, 1 to as many as it has.

    That is possible where they all stand at one position. If they do not, none is let past the
    log's present end, and `wait` lasts until the workers have brought all there (by default at
    most MERGE_SECONDS); then all go on. Raises NotFound when it has no cursor; Refused when it has
    fewer ranges than that already, is being rebuilt, rests with its ranges apart, or the wait was
    in vain.
    """
    engine().refresh()  # before the lock, which is on the connection that this one uses
    with _alone(subscriber):
        if _merged(subscriber, into=into, by=by, reason=reason):
            return
        stop = _halt(subscriber)
        try:
            (wait or for_workers)(stop.reached)
            if not _merged(subscriber, into=into, by=by, reason=reason):
                raise Refused(
                    f"the ranges of {subscriber} did not meet in time; does a worker run?"
                )
        finally:
            stop.lift()


@contextmanager
def _alone(subscriber: str) -> Iterator[None]:
    """By a lock that the system frees at death: see `lift_abandoned`."""
    with engine().own("merge", [_number(subscriber)]) as mine:
        if not mine:
            raise Refused(f"{subscriber} is being merged already.")
        yield


def _number(subscriber: str) -> int:
    return crc32(subscriber.encode()) & 0x7FFF_FFFF


def _merged(subscriber: str, *, into: int, by: str, reason: str) -> bool:
    """Merge the ranges if they stand at one position; False when they do not."""
    with change():
        ranges = lock(subscriber)
        if not 1 <= into <= len(ranges):
            raise Refused(f"{subscriber} has {len(ranges)} ranges; `split` makes more.")
        if Rebuild.objects.using(conf.get("database")).filter(cursor__in=ranges).exists():
            raise Refused(f"{subscriber} is being rebuilt.")
        if len({_stand(cursor) for cursor in ranges}) > 1:
            return False
        first, *others = ranges
        cursors().filter(pk__in=[cursor.pk for cursor in others]).delete()
        first.stop_at = None
        cursors().filter(pk=first.pk).update(stop_at=None)
        _cut(first, _bounds(ranges[0].lo, ranges[-1].hi, into))
        audit.record(Act.MERGE, by=by, reason=reason or f"into {into}", subscriber=subscriber)
    return True


def _stand(cursor: Cursor) -> tuple[int | None, int | None, int]:
    return cursor.tick, cursor.target, cursor.pos


def _halt(subscriber: str) -> "_Stop":
    """Let no range past the end that the log has now."""
    with change() as bus:
        ranges = lock(subscriber)
        if any(cursor.paused for cursor in ranges):
            raise Refused(f"{subscriber} is paused with its ranges apart: resume it first.")
        stands = [cursor.target or cursor.tick or cursor.pos for cursor in ranges]
        claim = bus.hold(subscriber, ranges[0].lo, wait=True)
        at = max(*stands, claim.newest or 0 if claim else 0)
        cursors().filter(subscriber=subscriber).update(stop_at=at)
    return _Stop(subscriber, at)


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where all ranges of a subscriber are to meet: a tick (SQLite: an event's position)."""

    subscriber: str
    at: int

    def reached(self) -> bool:
        """Whether all are there. A range with nothing to read on the way is brought there."""
        mine = cursors().filter(subscriber=self.subscriber)
        for cursor in mine.order_by("lo"):
            self._carry(cursor)
        return len({_stand(cursor) for cursor in mine}) == 1

    def _carry(self, cursor: Cursor) -> None:
        bus, here = engine(), subscribers.get(self.subscriber)
        if here is None:
            return  # what it reads is known elsewhere
        with change():
            claim = bus.hold(self.subscriber, cursor.lo, wait=False)
            if claim is None or claim.target is not None or claim.stop_at != self.at:
                return  # a worker has it, or is on the way
            cursor.refresh_from_db()
            if not measures().unread(cursor, here.handlers, at_most=1)[0]:
                claim.target = self.at
                bus.advance(Move(claim, 0, complete=True))

    def lift(self) -> None:
        """Let all go on."""
        with change():
            cursors().filter(subscriber=self.subscriber).update(stop_at=None)


def for_workers(reached: Callable[[], bool], *, seconds: float = MERGE_SECONDS) -> bool:
    """Wait for the workers, wherever they run, at most so long; whether it was reached."""
    deadline = time.monotonic() + seconds
    while not (done := reached()) and time.monotonic() < deadline:
        announce()
        time.sleep(LOOK_SECONDS)
    return done


def lift_abandoned() -> None:
    """Let ranges go on that were stopped by a merge whose process died; run by every worker now
    and then. Cheap when there are none."""
    stopped = cursors().filter(stop_at__isnull=False).values_list("subscriber", flat=True)
    for subscriber in set(stopped):
        with engine().own("merge", [_number(subscriber)]) as mine:
            if mine:
                cursors().filter(subscriber=subscriber, stop_at__isnull=False).update(stop_at=None)
