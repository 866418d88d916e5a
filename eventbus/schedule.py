"""Scheduled events take their place in the log when they are due."""

from datetime import datetime

from django.db import transaction

from eventbus import metrics
from eventbus.blanking import on_arrival
from eventbus.engines import Engine
from eventbus.engines.appending import COLUMNS
from eventbus.models import Event, Scheduled

AT_ONCE = 100  # events promoted in one transaction


def promote(engine: Engine, *, now: datetime) -> int:
    """Move the events that are due into the log, the earliest first; says how many. One that the
    log has (its cause was delivered twice) is dropped."""
    alias = engine.connection.alias
    due = Scheduled.objects.using(alias).filter(due_at__lte=now).order_by("due_at", "id")
    if not due.exists():
        return 0
    with transaction.atomic(using=alias):
        taken = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
        log = Event.objects.using(alias).filter(event_id__in=[row.event_id for row in taken])
        known = set(log.values_list("event_id", flat=True))
        new = [row for row in taken if row.event_id not in known]
        bodies = [{column: getattr(row, column) for column in COLUMNS} for row in new]
        engine.append(*(body | {"occurred_at": now} for body in on_arrival(bodies)))
        due.filter(pk__in=[row.pk for row in taken]).delete()
    for row in new:
        metrics.published(row.name)
    return len(taken)
