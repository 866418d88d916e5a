"""Every subscriber has cursors before anything is read."""

from typing import Any

from django.db import router

from eventbus import conf, epoch
from eventbus.engines import engine
from eventbus.models import Cursor
from eventbus.registry import subscribers
from eventbus.shards import SHARDS


def ensure_cursors() -> None:
    """Give each subscriber of this deployment that has none a cursor at the log's beginning.

    Safe to run at the same time as itself.
    """
    alias = conf.get("database")
    known = set(Cursor.objects.using(alias).values_list("subscriber", flat=True))
    new = [Cursor(subscriber=name, lo=0, hi=SHARDS) for name in subscribers if name not in known]
    Cursor.objects.using(alias).bulk_create(new, ignore_conflicts=True)


def ensure_cursors_after_migrate(using: str, **_: Any) -> None:
    """A subscriber exists from the migration on, before new code publishes."""
    if using == conf.get("database") and router.allow_migrate_model(using, Cursor):
        prepare()


def prepare() -> None:
    """What is to be done before anything is read."""
    epoch.guard(engine())
    ensure_cursors()
