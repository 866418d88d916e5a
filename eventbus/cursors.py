"""Every subscriber has cursors before anything is read."""

from typing import Any

from django.db import router

from eventbus import conf, epoch
from eventbus.engines import engine
from eventbus.models import Cursor
from eventbus.positions import position_at
from eventbus.registry import subscribers
from eventbus.shards import SHARDS


def ensure_cursors() -> None:
    """Give each subscriber of this deployment that has none a cursor where it says that it
    starts: at the log's beginning, or at its end as it is now.

    Safe to run at the same time as itself.
    """
    alias = conf.get("database")
    known = set(Cursor.objects.using(alias).values_list("subscriber", flat=True))
    new = [_at_start(name) for name in subscribers if name not in known]
    if new:
        Cursor.objects.using(alias).bulk_create(new, ignore_conflicts=True)


def _at_start(subscriber: str) -> Cursor:
    says = {handler.start for handler in subscribers[subscriber].handlers.values()}
    tick, position = position_at(engine(), "now" if "now" in says else "beginning")
    return Cursor(subscriber=subscriber, lo=0, hi=SHARDS, tick=tick, pos=position)


def ensure_cursors_after_migrate(using: str, **_: Any) -> None:
    """A subscriber exists from the migration on, before new code publishes."""
    if using == conf.get("database") and router.allow_migrate_model(using, Cursor):
        try:
            prepare()
        finally:
            engine().release()  # the end of the log is looked for on a second connection


def prepare() -> None:
    """What is to be done before anything is read."""
    epoch.guard(engine())
    ensure_cursors()
