"""Forgetting a person: the personal data of a subject is blanked wherever the bus keeps it.

An event's subject is the field that its contract names. What is blanked stays readable for
every view, and says so in the header "erased". Handlers' own tables are their apps' business.
"""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from eventbus import conf
from eventbus.blanking import blanked, blanks
from eventbus.engines import Engine, engine
from eventbus.envelope import ERASED
from eventbus.models import Body, Erased, Event, Intervention, Parked, Scheduled

AT_ONCE = 200  # events blanked in one transaction
# A transaction that was open while its subject was erased ends within that time.
LATE = timedelta(days=1)
LONGEST = 128  # characters of a subject


def erase(subject: str, *, by: str, reason: str = "") -> int:
    """Blank the subject's personal data in the log, parked, scheduled and edited, and in every
    event about it that is published from now on; says how many events were blanked.

    Works in small transactions and remembers the subject in the first: what a crash leaves, the
    workers' housekeeping finishes. Again for the same subject it changes nothing. Raises
    ValueError for a subject that no event can have.
    """
    if not 0 < len(subject) <= LONGEST:
        raise ValueError(f"A subject has 1 to {LONGEST} characters.")
    alias, now = conf.get("database"), engine().clock()
    with transaction.atomic(using=alias):
        _, is_new = Erased.objects.using(alias).get_or_create(
            subject=subject, defaults={"erased_at": now}
        )
        if is_new:
            Intervention.objects.using(alias).create(
                act=Intervention.Act.ERASE, by=by, reason=reason, key=subject, at=now
            )
    return _blank(subject)


def blank_late(bus: Engine) -> int:
    """Blank what was committed, or parked from memory, after its subject had been erased; says
    how many events."""
    recent = Erased.objects.using(bus.connection.alias).filter(erased_at__gt=bus.clock() - LATE)
    return sum(_blank(subject) for subject in recent.values_list("subject", flat=True))


def _blank(subject: str) -> int:
    return _blank_all(Event, subject) + _blank_all(Scheduled, subject) + _blank_parked(subject)


def _blank_all(model: type[Body], subject: str) -> int:
    alias, count = conf.get("database"), 0
    while rows := list(_left(model, subject).order_by("pk")[:AT_ONCE]):
        with transaction.atomic(using=alias):
            for row in rows:
                _blank_row(row)
        count += len(rows)
    return count


def _blank_parked(subject: str) -> int:
    """One a transaction, under its cursor's lock, as every change of a parked row."""
    bus, count = engine(), 0
    for found in _left(Parked, subject).order_by("pk"):
        with transaction.atomic(using=bus.connection.alias):
            bus.hold(found.subscriber, found.shard, wait=True)
            row = _left(Parked, subject).filter(pk=found.pk).first()
            if row is not None:
                _blank_row(row)
                count += 1
    return count


def _left[Row: Body](model: type[Row], subject: str) -> QuerySet[Row]:
    rows = model._default_manager.using(conf.get("database")).filter(subject=subject)
    return rows.exclude(headers__has_key=ERASED)


def _blank_row(row: Body) -> None:
    """With the operators' edits of it."""
    alias = conf.get("database")
    same = type(row)._default_manager.using(alias).filter(pk=row.pk)
    same.update(**blanks(row.name, row.version, row.payload, row.headers))
    edits = Intervention.objects.using(alias).filter(~Q(payload=None), event_id=row.event_id)
    for edit in edits:
        edits.filter(pk=edit.pk).update(payload=blanked(row.name, row.version, edit.payload or {}))
