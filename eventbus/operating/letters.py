"""Dead letters: listing them, and having them tried again."""

import re
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from eventbus import parking
from eventbus.errors import NotFound
from eventbus.models import Intervention, Parked
from eventbus.operating import audit
from eventbus.operating.change import change, demand_known

DEAD = Parked.State.DEAD
BEHIND = (Parked.State.WAITING, Parked.State.OWED)  # no time of their own
VARYING = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d+")  # ids and numbers


def last_line(error: str) -> str:
    """What an error's last line says, which is the exception itself."""
    lines = error.strip().splitlines()
    return lines[-1].strip() if lines else ""


def fingerprint(error: str) -> str:
    """What the errors of one cause have in common: the last line, with a # for every id and
    number."""
    return VARYING.sub("#", last_line(error))


def parked_events(
    *, subscriber: str | None = None, event: str | None = None, count: int | None = None
) -> list[dict[str, Any]]:
    """One row a parked event (at most `count`), whatever it waits for: a retry, an earlier event
    of its key, a call, a person; the longest parked first, with the last line of its error.

    Raises NotFound for a subscriber that is not there.
    """
    return [
        {
            **_which(row),
            "state": row.state,
            "attempts": row.attempts,
            "next_at": None if row.state in (DEAD, *BEHIND) else row.next_at,
            "error": last_line(row.error),
        }
        for row in _parked(subscriber, event).order_by("parked_at", "id")[:count]
    ]


def _which(row: Parked) -> dict[str, Any]:
    """By what an operator knows it."""
    return {
        "id": row.pk,
        "subscriber": row.subscriber,
        "event": row.name,
        "source": row.source,
        "key": row.key,
        "event_id": row.event_id,
    }


def dead_letters(
    *, subscriber: str | None = None, event: str | None = None
) -> list[dict[str, Any]]:
    """One row a dead letter, the longest dead first, with the last line of its error. Raises
    NotFound for a subscriber that is not there."""
    return [
        {
            **_which(row),
            "attempts": row.attempts,
            "parked_at": row.parked_at,
            "error": last_line(row.error),
        }
        for row in _dead(subscriber, event).order_by("parked_at", "id")
    ]


def dead_groups(*, subscriber: str | None = None, event: str | None = None) -> list[dict[str, Any]]:
    """The dead letters by subscriber, event and fingerprint of their errors, the most frequent
    first."""
    groups: dict[tuple[str, str, str], dict[str, Any]] = {}
    for letter in dead_letters(subscriber=subscriber, event=event):
        names = letter["subscriber"], letter["event"], fingerprint(letter["error"])
        group = groups.setdefault(
            names,
            {
                "letters": 0,
                "subscriber": names[0],
                "event": names[1],
                "since": letter["parked_at"],
                "error": names[2],
            },
        )
        group["letters"] += 1
    return sorted(groups.values(), key=lambda group: -group["letters"])


def retry_dead(
    ids: Iterable[int] | None = None,
    *,
    subscriber: str | None = None,
    event: str | None = None,
    error: str | None = None,
    by: str | None = None,
    reason: str = "",
) -> int:
    """Let dead letters be tried again at once, with their attempts counted afresh; says how many.

    Those with the `ids`, of the subscriber, of the event's name and with the error's fingerprint,
    as far as they are given; without any of them all. Raises NotFound when one of the ids is no
    dead letter, or the subscriber is not there; then none is retried. A letter that a second operator was faster to retry is not
    counted. Those of removed subscribers fail again: skip or drop them.
    """
    dead = _dead(subscriber, event)
    if ids is not None:
        wanted = set(ids)
        dead = dead.filter(pk__in=wanted)
        unknown = wanted - set(dead.values_list("pk", flat=True))
        if unknown:
            raise NotFound(f"dead letters {', '.join(map(str, sorted(unknown)))}.")
    return sum(
        _retry_one(row, by=by or audit.operator(), reason=reason)
        for row in list(dead.defer("payload", "headers").order_by("position"))
        if _alike(row.error, error)
    )


def _dead(subscriber: str | None, event: str | None) -> QuerySet[Parked]:
    return _parked(subscriber, event).filter(state=DEAD)


def _parked(subscriber: str | None, event: str | None) -> QuerySet[Parked]:
    found = parking.rows()
    if subscriber is not None:
        demand_known(subscriber, found)
        found = found.filter(subscriber=subscriber)
    return found if event is None else found.filter(name=event)


def _alike(error: str, text: str | None) -> bool:
    """Whether an error is of the group with that fingerprint, which a table may have cut."""
    if text is None:
        return True
    mine, wanted = fingerprint(error), fingerprint(text)
    return mine == wanted or (wanted.endswith("…") and mine.startswith(wanted[:-1]))


def _retry_one(row: Parked, *, by: str, reason: str) -> bool:
    with change() as bus:
        bus.hold(row.subscriber, row.shard, wait=True)
        dead = parking.rows().filter(pk=row.pk, state=DEAD)
        if not dead.update(**parking.afresh(row, now=bus.clock())):
            return False
        audit.record(
            Intervention.Act.RETRY,
            by=by,
            reason=reason,
            subscriber=row.subscriber,
            source=row.source,
            key=row.key,
            event_id=row.event_id,
        )
    return True
