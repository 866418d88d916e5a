"""How far every subscriber has come. Reads only: nothing is locked, however busy the bus is."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Q

from eventbus import conf, parking
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.engines.measures import measures
from eventbus.models import Cursor, Parked, PausedKey, Rebuild
from eventbus.operating.change import cursors
from eventbus.registry import subscribers
from eventbus.shards import SHARDS, shard_of

COUNTED = 10_000  # unread events a range at most; who is further behind needs no exact number
State = Literal["running", "paused", "rebuilding", "merging", "careful", "not here"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """One subscriber and range of shards, lo <= shard < hi. Without cursors (a subscriber that is
    gone, whose events are still parked) it is the whole."""

    subscriber: str
    lo: int
    hi: int
    behind: int  # events to be read, COUNTED at most
    oldest_seconds: float | None  # how long ago the oldest of them was published
    parked_keys: int
    parked_events: int
    dead: int
    paused_keys: int
    state: State
    position: str
    moved_at: datetime | None


@dataclass(slots=True)
class _Set:
    """What is parked or paused in a shard."""

    keys: int = 0
    events: int = 0
    dead: int = 0
    paused: int = 0

    def add(self, *, keys: int, events: int, dead: int) -> None:
        self.keys, self.events, self.dead = self.keys + keys, self.events + events, self.dead + dead


def status() -> list[Range]:
    """One row a subscriber and range of shards, with what is parked there."""
    ensure_cursors()
    parked = _parked()
    rebuilding = set(Rebuild.objects.using(conf.get("database")).values_list("pk", flat=True))
    now = engine().clock()
    rows = [
        _range(cursor, parked[cursor.subscriber], now, rebuilding)
        for cursor in cursors().order_by("subscriber", "lo")
    ]
    return [*rows, *_gone(parked, {row.subscriber for row in rows})]


def _parked() -> dict[str, dict[int, _Set]]:
    """By subscriber and shard, with the paused keys. What is owed by a rebuild is not held up by anything."""
    found: dict[str, dict[int, _Set]] = defaultdict(lambda: defaultdict(_Set))
    rows = parking.rows().exclude(state=Parked.State.OWED)
    for row in rows.values("subscriber", "shard", "source").annotate(
        keys=Count("key", distinct=True),
        events=Count("id"),
        dead=Count("id", filter=Q(state=Parked.State.DEAD)),
    ):
        here = found[row["subscriber"]][row["shard"]]
        here.add(keys=row["keys"], events=row["events"], dead=row["dead"])
    paused = PausedKey.objects.using(conf.get("database")).values_list("subscriber", "key")
    for subscriber, key in paused:
        found[subscriber][shard_of(key)].paused += 1
    return found


def _range(cursor: Cursor, parked: dict[int, _Set], now: datetime, rebuilding: set[int]) -> Range:
    here = subscribers.get(cursor.subscriber)
    names = list(here.handlers) if here else []
    behind, since = measures().unread(cursor, names, COUNTED) if names else (0, None)
    return Range(
        subscriber=cursor.subscriber,
        lo=cursor.lo,
        hi=cursor.hi,
        behind=behind,
        oldest_seconds=max(0.0, (now - since).total_seconds()) if since else None,
        **_sum(parked, cursor.lo, cursor.hi),
        state=_state(cursor, cursor.pk in rebuilding),
        position=_position(cursor),
        moved_at=cursor.moved_at,
    )


def _sum(parked: dict[int, _Set], lo: int, hi: int) -> dict[str, int]:
    inside = [counted for shard, counted in parked.items() if lo <= shard < hi]
    return {
        "parked_keys": sum(each.keys for each in inside),
        "parked_events": sum(each.events for each in inside),
        "dead": sum(each.dead for each in inside),
        "paused_keys": sum(each.paused for each in inside),
    }


def _state(cursor: Cursor, rebuilding: bool) -> State:
    if cursor.subscriber not in subscribers:
        return "not here"
    if cursor.paused:
        return "paused"
    if rebuilding:
        return "rebuilding"
    if cursor.stop_at is not None:
        return "merging"
    return "careful" if cursor.careful_until is not None else "running"


def _position(cursor: Cursor) -> str:
    if cursor.tick is None and cursor.target is None:
        return str(cursor.pos)
    on_the_way = f", {cursor.target} up to {cursor.pos}" if cursor.target is not None else ""
    return f"tick {cursor.tick or 0}{on_the_way}"


def _gone(parked: dict[str, dict[int, _Set]], known: set[str]) -> Iterator[Range]:
    for subscriber in sorted(set(parked) - known):
        yield Range(
            subscriber=subscriber,
            lo=0,
            hi=SHARDS,
            behind=0,
            oldest_seconds=None,
            **_sum(parked[subscriber], 0, SHARDS),
            state="not here",
            position="none",
            moved_at=None,
        )
