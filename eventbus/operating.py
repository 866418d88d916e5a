"""What an operator asks of the bus and does to it; the command and the admin call these."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from eventbus import conf, parking, wakeup
from eventbus.cursors import ensure_cursors
from eventbus.engines import engine
from eventbus.models import Cursor, Event, Parked
from eventbus.registry import subscribers

FOLLOW_SECONDS = 0.5


def status() -> list[dict[str, Any]]:
    """One row a cursor: how many events lie before it, and what is parked."""
    ensure_cursors()
    alias, bus = conf.get("database"), engine()
    parked = {
        row["subscriber"]: row
        for row in parking.rows()
        .values("subscriber")
        .annotate(
            dead=Count("id", filter=Q(state=Parked.State.DEAD)),
            keys=Count("key", distinct=True),
            events=Count("id"),
        )
    }
    rows = []
    for cursor in Cursor.objects.using(alias).order_by("subscriber", "lo"):
        names = subscribers[cursor.subscriber].handlers if cursor.subscriber in subscribers else {}
        here: Any = parked.get(cursor.subscriber, {})
        rows.append(
            {
                "subscriber": cursor.subscriber,
                "shards": f"{cursor.lo}-{cursor.hi - 1}",
                "behind": bus.lag(cursor.pk, list(names)),
                "parked keys": here.get("keys", 0),
                "parked events": here.get("events", 0),
                "dead": here.get("dead", 0),
                "state": "paused" if cursor.paused else "running" if names else "not here",
                "moved": f"{cursor.moved_at:%Y-%m-%d %H:%M:%S}" if cursor.moved_at else "never",
            }
        )
    return rows


def tail(count: int, *, key: str | None = None, follow: bool = False) -> Iterator[str]:
    """The newest events as lines, oldest first, without their payloads (they may be personal);
    with `follow` it goes on for ever."""
    log = Event.objects.using(conf.get("database")).order_by("-id")
    if key is not None:
        log = log.filter(key=key)
    events = list(log[:count])[::-1]
    last = 0
    while True:
        for event in events:
            last = max(last, event.pk)
            yield f"{event.pk}  {event.occurred_at:%Y-%m-%d %H:%M:%S}  {event.name}  {event.key}"
        if not follow:
            return
        time.sleep(FOLLOW_SECONDS)
        events = list(log.filter(pk__gt=last).order_by("id"))


def dead_letters() -> list[dict[str, Any]]:
    """One row a dead letter, the longest dead first, with the last line of its error."""
    dead = parking.rows().filter(state=Parked.State.DEAD).order_by("parked_at", "id")
    return [
        {
            "id": row.pk,
            "subscriber": row.subscriber,
            "event": row.name,
            "key": row.key,
            "attempts": row.attempts,
            "parked": f"{row.parked_at:%Y-%m-%d %H:%M:%S}",
            "error": row.error.strip().splitlines()[-1][:120] if row.error else "",
        }
        for row in dead
    ]


def retry_dead(ids: Iterable[int] | None) -> int:
    """Let dead letters be tried again at once, with their attempts counted afresh; says how many.

    `None` means all. Raises LookupError when one of the ids is no dead letter; then none is
    retried. Safe against the worker and against a second operator.
    """
    dead = parking.rows().filter(state=Parked.State.DEAD)
    if ids is not None:
        wanted = set(ids)
        dead = dead.filter(pk__in=wanted)
        unknown = wanted - set(dead.values_list("pk", flat=True))
        if unknown:
            raise LookupError(f"No such dead letters: {', '.join(map(str, sorted(unknown)))}.")
    count = sum(_retry_one(row) for row in dead.order_by("position"))
    wakeup.ring()
    return count


def _retry_one(row: Parked) -> bool:
    bus = engine()
    with transaction.atomic(using=bus.connection.alias):
        bus.hold(row.subscriber, row.shard, wait=True)
        dead = parking.rows().filter(pk=row.pk, state=Parked.State.DEAD)
        changed = dead.update(
            state=parking.state_to_run(row), attempts=0, next_at=bus.clock(), error=""
        )
    return changed == 1
