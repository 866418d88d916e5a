"""How long the log remembers: what every subscriber is past and is old enough goes.

Parked events are no reason to keep a row, as they have a copy; subscribers whose code runs
elsewhere, or nowhere any more, are: `eventbus drop NAME` ends those.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from eventbus import conf
from eventbus.engines import Engine, engine
from eventbus.models import Event, Intervention, Parked

COUNTED = 10_000  # who keeps more needs no exact number
AT_ONCE = 500  # rows in one transaction: 5 to 20 ms of SQLite's write lock
# Ticks younger than this stay as they are: a batch may have picked one that no cursor names yet.
YOUNG = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocker:
    """A subscriber that has not read what could go by its age."""

    subscriber: str
    events: int  # old ones that it has yet to read
    alone: int  # those among them that no other subscriber keeps
    since: datetime  # the oldest of them happened then


def prune(older_than: timedelta, *, limit: int | None = None) -> int:
    """Drop the events (at most `limit`) that happened longer ago than that, by database time, and
    that every cursor is past; says how many. In small transactions: others go on meanwhile.

    Raises ValueError for a negative age.
    """
    cutoff = _cutoff(engine(), older_than)
    dropped = 0
    while limit is None or dropped < limit:
        most = AT_ONCE if limit is None else min(AT_ONCE, limit - dropped)
        gone = prune_some(engine(), cutoff, most=most)
        if not gone:
            break
        dropped += gone
    return dropped


def prune_some(bus: Engine, cutoff: datetime, *, most: int = AT_ONCE) -> int:
    """One such transaction; says how many events went, 0 also when somebody else is at it."""
    with transaction.atomic(using=bus.connection.alias):
        return bus.drop(cutoff, most) if bus.rewriting(wait=False) else 0


def prunable(older_than: timedelta) -> int:
    """How many events `prune` would drop now."""
    return engine().droppable(_cutoff(engine(), older_than))


def tidy_ticks(bus: Engine) -> int:
    """Drop the ticks that nobody needs; says how many."""
    with transaction.atomic(using=bus.connection.alias):
        return bus.thin(bus.clock() - YOUNG) if bus.rewriting(wait=False) else 0


def forget_edits() -> int:
    """Empty the edits of events that are gone, log and copies: no replay can read them again."""
    alias = conf.get("database")
    same = {"event_id": OuterRef("event_id")}
    edits = Intervention.objects.using(alias).filter(
        act__in=[Intervention.Act.EDIT, Intervention.Act.REDELIVER], payload__isnull=False
    )
    return edits.exclude(
        Exists(Event.objects.using(alias).filter(**same))
        | Exists(Parked.objects.using(alias).filter(**same))
    ).update(payload=None)


def blocked_by(older_than: timedelta | None = None) -> list[Blocker]:
    """Who keeps events that are old enough to go, the one that keeps most first; counted up to
    COUNTED.

    `older_than` defaults to the setting `retention_days`; when that is 0, nobody.
    """
    older_than = window() if older_than is None else older_than
    if older_than is None:
        return []
    bus = engine()
    cutoff, places = _cutoff(bus, older_than), bus.places()
    unread = {place: bus.unread(place, cutoff, COUNTED) for place in set(places.values())}
    found = []
    for subscriber, place in places.items():
        events, since = unread[place]
        if since is not None:
            others = [other for name, other in places.items() if name != subscriber]
            kept_anyway = unread[min(others)][0] if others else 0
            found.append(
                Blocker(
                    subscriber=subscriber,
                    events=events,
                    alone=max(0, events - kept_anyway),
                    since=since,
                )
            )
    return sorted(found, key=lambda blocker: (-blocker.events, blocker.subscriber))


def window() -> timedelta | None:
    """How old events get at least, by the settings; None: they stay for ever."""
    days: float = conf.get("retention_days")
    return timedelta(days=days) if days else None


def _cutoff(bus: Engine, older_than: timedelta) -> datetime:
    if older_than < timedelta(0):
        raise ValueError("How old an event must be cannot be negative.")
    return bus.clock() - older_than
