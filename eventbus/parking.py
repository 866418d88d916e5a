"""The exceptions to the happy path: events that failed, wait, or stand for an external call.

Every change of a key's parked rows is made under its cursor's row lock (`Engine.hold`): one
lock order, and no race between a retry, a call's result and the batch that parks behind it.
"""

import logging
import traceback
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, JSONField, OuterRef, QuerySet, Value

from eventbus import conf, metrics
from eventbus.engines import engine
from eventbus.envelope import ERASED, MUTED, Envelope
from eventbus.errors import NoHandler, NotEnded, Reject, Retry
from eventbus.models import Cursor, Parked, PausedKey, Rebuild
from eventbus.registry import Handler, subscribers
from eventbus.retry import backoff
from eventbus.shards import shard_of

logger = logging.getLogger("eventbus.parking")

State = Parked.State
MADE = "The call was made, but its result could not be recorded.\n"
LONGEST_WAIT = timedelta(days=365)  # or a date could lie beyond what databases hold


def rows() -> QuerySet[Parked]:
    """The parked events, in the bus's database."""
    return Parked.objects.using(conf.get("database"))


def parked_keys(subscriber: str, events: Iterable[Envelope]) -> set[tuple[str, str]]:
    """The (source, key) pairs among the events that have something parked, or are paused."""
    mine = {"subscriber": subscriber, "key__in": {event.key for event in events}}
    parked = rows().filter(**mine).exclude(state=State.OWED)
    paused = PausedKey.objects.using(conf.get("database")).filter(**mine)
    return {
        *parked.values_list("source", "key").distinct(),
        *paused.values_list("source", "key"),
    }


def park_failed(
    subscriber: str, event: Envelope, error: Exception, *, now: datetime, muted: bool = False
) -> str:
    """Record the first failure of an event; the state: to be tried again, or a dead letter. A
    `muted` one takes no effect outside then either."""
    failed = after_failure(error, attempts=1, now=now)
    _create(subscriber, [event], muted, **failed)
    return str(failed["state"])


def park_behind(subscriber: str, events: Iterable[Envelope], *, muted: bool = False) -> None:
    """Let the events wait until the earlier ones of their keys are done."""
    _create(subscriber, events, muted, state=State.WAITING, next_at=engine().clock())


def park_calls(subscriber: str, events: Iterable[Envelope]) -> None:
    """Let the events stand for external calls that are to be made."""
    _create(subscriber, events, False, state=State.TO_CALL, next_at=engine().clock())


def count_muted(cursor: int, muted: Mapping[str, int]) -> None:
    """Add to what the cursor's rebuild, if it is still under way, has kept from happening; under
    the cursor's lock."""
    rebuild = Rebuild.objects.using(conf.get("database")).filter(cursor=cursor).first()
    if rebuild is None:
        return
    rebuild.muted = dict(Counter(rebuild.muted) + Counter(muted))
    rebuild.save(update_fields=["muted"])


def after_failure(
    error: Exception, *, attempts: int, now: datetime, cuts: int = 0
) -> dict[str, Any]:
    """What a row becomes when its attempt number `attempts` failed.

    `cuts` of those before were broken off by the database. That says nothing about the event, and
    it happens to every event of a busy database that is restarted again and again; but it happens
    also, and for ever, to an event whose statement makes the server crash. So it uses up no
    attempt, and has a limit of its own, far away.
    """
    if isinstance(error, NotEnded) or engine().is_transient(error):
        cuts += 1
        dead = cuts >= conf.get("max_cuts")
    else:
        dead = isinstance(error, Reject) or attempts - cuts >= conf.get("max_attempts")
    wait = backoff(attempts)
    if isinstance(error, Retry) and error.after is not None:
        wait = max(wait, min(error.after, LONGEST_WAIT))
    return {
        "state": State.DEAD if dead else State.RETRYING,
        "attempts": attempts,
        "begun_at": None,
        "deaths": 0,
        "cuts": cuts,
        "next_at": now + wait,
        "error": describe(error),
    }


def after_call(failed: Mapping[str, Any], *, made: bool) -> dict[str, Any]:
    """What of that is different when the attempt was a call. One that was `made` must not be made
    again: a person decides."""
    if made:
        return {"state": State.DEAD, "error": MADE + failed["error"]}
    return {"state": State.TO_CALL} if failed["state"] == State.RETRYING else {}


def describe(error: Exception) -> str:
    """The error for an operator: its last frames and its message, at most 4,000 characters, and
    none that a database cannot hold."""
    text = "".join(traceback.format_exception(error, limit=-6))[-4000:].replace("\0", "\\0")
    return text.encode(errors="backslashreplace").decode()


def report(subscriber: str, event: Envelope | Parked, state: str, why: str) -> None:
    """Say in this process's log what has become, committed, of an event that failed. Neither its
    key nor the error's words are said: they may be personal. Nothing of a dry run."""
    if not metrics.counting():
        return
    if state == State.DEAD:
        logger.error(
            "%s has a dead letter, %s: %s. See `manage.py eventbus show %s`",
            *(subscriber, event.name, why, event.event_id),
        )
    else:
        words = "%s failed to handle %s %s, which will be tried again: %s"
        logger.info(words, subscriber, event.name, event.event_id, why)


def runnable() -> QuerySet[Parked]:
    """The rows that may be begun: none of a paused cursor or key."""
    mine = {"subscriber": OuterRef("subscriber")}
    shard = OuterRef("shard")
    running = Cursor.objects.filter(**mine, lo__lte=shard, hi__gt=shard, paused=False)
    resting = PausedKey.objects.filter(**mine, source=OuterRef("source"), key=OuterRef("key"))
    return rows().filter(Exists(running), ~Exists(resting))


def due(now: datetime) -> QuerySet[Parked]:
    """The rows that something can be done about, oldest first; none of a paused cursor or key."""
    active = [State.RETRYING, State.TO_CALL, State.CALLING]
    return (
        runnable()
        .filter(state__in=active, next_at__lte=now, subscriber__in=list(subscribers))
        .order_by("next_at", "position")
    )


def finish(done: Sequence[Parked], *, now: datetime) -> None:
    """Remove the rows, all of one subscriber, and let the next events of their keys come forward."""
    rows().filter(pk__in=[row.pk for row in done]).delete()
    keys = {(row.source, row.key) for row in done}
    if len(keys) > 1:  # most have nobody waiting
        behind = rows().filter(subscriber=done[0].subscriber, state=State.WAITING)
        behind = behind.filter(key__in={key for _, key in keys})
        keys &= set(behind.values_list("source", "key").distinct())
    for source, key in keys:
        bring_forward(done[0].subscriber, source, key, now=now)


def bring_forward(subscriber: str, source: str, key: str, *, now: datetime) -> None:
    """Let the key's first parked event, if it merely waits, be run."""
    behind = rows().filter(subscriber=subscriber, source=source, key=key).exclude(state=State.OWED)
    head = behind.order_by("position").first()
    if head is not None and head.state == State.WAITING:
        behind.filter(pk=head.pk).update(state=state_to_run(head), next_at=now)


def afresh(row: Parked, *, now: datetime) -> dict[str, Any]:
    """What a row becomes when an operator has it tried again, as if for the first time."""
    return {
        "state": state_to_run(row),
        "attempts": 0,
        "deaths": 0,
        "cuts": 0,
        "begun_at": None,
        "next_at": now,
        "error": "",
    }


def state_to_run(row: Parked) -> str:
    """How a parked event is run: again as a handler (which fails when there is none), or as a
    call, unless there is none to make. The code may have changed its mind since the event was
    parked."""
    handler = _find_handler(row)
    if handler is None or not handler.external or row.headers.get(MUTED):
        return State.RETRYING
    left_out = handler.skip_erased and row.headers.get(ERASED)
    return State.RETRYING if left_out else State.TO_CALL


def handler_of(row: Parked) -> Handler:
    """The handler that the row waits for; raises NoHandler."""
    handler = _find_handler(row)
    if handler is None:
        raise NoHandler
    return handler


def _find_handler(row: Parked) -> Handler | None:
    subscriber = subscribers.get(row.subscriber)
    return subscriber.handlers.get(row.name) if subscriber else None


def envelope_of(row: Parked) -> Envelope:
    """The parked event, as the log had it."""
    return Envelope(
        position=row.position,
        subject=row.subject,
        event_id=row.event_id,
        name=row.name,
        version=row.version,
        source=row.source,
        key=row.key,
        payload=row.payload,
        headers=row.headers,
        occurred_at=row.occurred_at,
    )


def _create(subscriber: str, events: Iterable[Envelope], muted: bool, **facts: Any) -> None:
    now, more = engine().clock(), {MUTED: True} if muted else {}
    rows().bulk_create(
        Parked(
            subscriber=subscriber,
            position=event.position,
            event_id=event.event_id,
            name=event.name,
            version=event.version,
            source=event.source,
            key=event.key,
            shard=shard_of(event.key),
            # JSON's null, which nobody publishes but another program may, is not SQL's.
            payload=Value(None, JSONField()) if event.payload is None else event.payload,
            headers={**event.headers, **more},
            subject=event.subject,
            occurred_at=event.occurred_at,
            parked_at=now,
            **facts,
        )
        for event in events
    )
