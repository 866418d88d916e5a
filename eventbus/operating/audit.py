"""Who did what to the bus, and why."""

import getpass
from typing import Any
from uuid import UUID

from eventbus import conf
from eventbus.engines import engine
from eventbus.errors import Refused
from eventbus.models import Intervention
from eventbus.operating.change import demand_known

Act = Intervention.Act
BY = 150  # characters of a name that are kept


def operator() -> str:
    """Who runs this process, by the operating system."""
    try:
        return getpass.getuser()
    except OSError:  # a container's user without a name
        return "unknown"


def record(act: Act, *, by: str, reason: str = "", **about: Any) -> None:
    """Note an act in the transaction that does it; `about` are the fields of Intervention.

    Raises Refused when nobody is named.
    """
    if not by.strip():
        raise Refused("say who you are.")
    Intervention.objects.using(conf.get("database")).create(
        act=act, by=by.strip()[:BY], reason=reason.strip(), at=engine().clock(), **about
    )


def demand(reason: str) -> None:
    """Raises Refused when the reason is blank."""
    if not reason.strip():
        raise Refused("give a reason; the next one to look will need it.")


def edited_payload(subscriber: str, event_id: UUID) -> Any:
    """What the subscriber reads of the event instead of what the log says; None: what it says."""
    newest = (
        Intervention.objects.using(conf.get("database"))
        .filter(subscriber=subscriber, event_id=event_id, act__in=[Act.EDIT, Act.REDELIVER])
        .order_by("-id")
        .first()
    )
    return newest.payload if newest else None


def history(
    *, subscriber: str | None = None, event_id: UUID | None = None, count: int | None = None
) -> list[dict[str, Any]]:
    """The interventions, the newest first; without payloads, which may be personal. Raises
    NotFound for a subscriber that is not there and never was."""
    found = Intervention.objects.using(conf.get("database")).order_by("-id")
    if subscriber is not None:
        demand_known(subscriber, found)
        found = found.filter(subscriber=subscriber)
    if event_id is not None:
        found = found.filter(event_id=event_id)
    return [
        {
            "at": row.at,
            "act": row.act,
            "subscriber": row.subscriber,
            "source": row.source,
            "key": row.key,
            "event_id": row.event_id,
            "by": row.by,
            "reason": row.reason,
        }
        for row in found[:count]
    ]
