"""Letting a subscriber, or one key of it, rest and go on."""

from typing import Any

from django.db.models import QuerySet

from eventbus import conf, parking
from eventbus.errors import Refused
from eventbus.models import Intervention, PausedKey
from eventbus.operating import audit
from eventbus.operating.change import change, cursors, lock, unknown
from eventbus.shards import shard_of

Act = Intervention.Act


def pause(subscriber: str, *, by: str, reason: str = "") -> None:
    """Begin no batch, retry or external call of the subscriber until it is resumed. A batch in
    progress ends first; a call that is being made is recorded when it ends.

    Raises NotFound when it has no cursor, Refused when it rests already.
    """
    with change():
        if all(cursor.paused for cursor in lock(subscriber)):
            raise Refused(f"{subscriber} is paused already.")
        cursors().filter(subscriber=subscriber).update(paused=True)
        audit.record(Act.PAUSE, by=by, reason=reason, subscriber=subscriber)


def resume(subscriber: str, *, by: str, reason: str = "") -> None:
    """Let the subscriber go on where it stopped.

    Raises NotFound when it has no cursor, Refused when it is not paused.
    """
    with change():
        if not any(cursor.paused for cursor in lock(subscriber)):
            raise Refused(f"{subscriber} is not paused.")
        cursors().filter(subscriber=subscriber).update(paused=False)
        audit.record(Act.RESUME, by=by, reason=reason, subscriber=subscriber)


def pause_key(subscriber: str, source: str, key: str, *, by: str, reason: str = "") -> None:
    """Let the events of one key wait, those parked and those to come, until it is resumed; no
    other key is affected.

    Raises NotFound when the subscriber has no cursor, Refused when the key rests already.
    """
    with change() as bus:
        if bus.hold(subscriber, shard_of(key), wait=True) is None:
            raise unknown(subscriber)
        if _paused(subscriber, source, key).exists():
            raise Refused(f"{source} {key} is paused already for {subscriber}.")
        _paused(subscriber, source, key).create(
            subscriber=subscriber, source=source, key=key, paused_at=bus.clock()
        )
        audit.record(Act.PAUSE, by=by, reason=reason, subscriber=subscriber, source=source, key=key)


def resume_key(subscriber: str, source: str, key: str, *, by: str, reason: str = "") -> None:
    """Let the key go on: its events are handled in their order, from the first one that waits.

    Raises Refused when it is not paused.
    """
    with change() as bus:
        bus.hold(subscriber, shard_of(key), wait=True)
        deleted, _ = _paused(subscriber, source, key).delete()
        if not deleted:
            raise Refused(f"{source} {key} is not paused for {subscriber}.")
        parking.bring_forward(subscriber, source, key, now=bus.clock())
        audit.record(
            Act.RESUME, by=by, reason=reason, subscriber=subscriber, source=source, key=key
        )


def paused() -> list[dict[str, Any]]:
    """One row a subscriber that rests (its source and key are empty) and one a key that does:
    since when, who did it and why."""
    alias = conf.get("database")
    whole = cursors().filter(paused=True).values_list("subscriber", flat=True)
    keys = PausedKey.objects.using(alias).values_list("subscriber", "source", "key")
    found = [*((name, "", "") for name in set(whole)), *keys]
    return [_who_paused(*what) for what in sorted(found)]


def _who_paused(subscriber: str, source: str, key: str) -> dict[str, Any]:
    what = {"subscriber": subscriber, "source": source, "key": key}
    acts = Intervention.objects.using(conf.get("database")).filter(act=Act.PAUSE, **what)
    act = acts.order_by("-id").first()
    return {
        "since": act.at if act else None,
        **what,
        "by": act.by if act else "",
        "reason": act.reason if act else "",
    }


def _paused(subscriber: str, source: str, key: str) -> QuerySet[PausedKey]:
    every = PausedKey.objects.using(conf.get("database"))
    return every.filter(subscriber=subscriber, source=source, key=key)
