"""Scheduled events take their place in the log when they are due."""

import json
from datetime import datetime

from django.db import transaction

from eventbus.engines import Engine
from eventbus.engines.base import COLUMNS
from eventbus.models import Scheduled

AT_ONCE = 100  # events promoted in one transaction


def promote(engine: Engine, *, now: datetime) -> int:
    """Move the events that are due into the log, the earliest first; says how many."""
    alias = engine.connection.alias
    due = Scheduled.objects.using(alias).filter(due_at__lte=now).order_by("due_at", "id")
    if not due.exists():
        return 0
    with transaction.atomic(using=alias):
        taken = list(due.select_for_update(skip_locked=True)[:AT_ONCE])
        for row in taken:
            body = {column: getattr(row, column) for column in COLUMNS}
            body |= {name: json.dumps(body[name]) for name in ("payload", "headers")}
            engine.append(body | {"occurred_at": now})
        due.filter(pk__in=[row.pk for row in taken]).delete()
    return len(taken)
