"""What is merely under way in a shop that is open, and not broken.

A promise that holds at rest holds for one order as soon as everything is done that was told of it. So
a violation counts when none of the keys that it is about has an event that somebody has yet to
handle, one that is set aside to be tried again, one that is yet to come (a payment that waits for
its shopper), or one of the last two minutes (a call outside may be under way); all read in the snapshot that the violation was found in. One that is about no key counts when nothing at
all is under way.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from eventbus import conf
from eventbus.engines import engine
from eventbus.models import Event, Parked, Scheduled
from shop.invariants.bus import oldest_unread
from shop.invariants.violation import Violation

# Longer than a call outside and than the clocks of two processes differ.
SETTLED = timedelta(minutes=2)
AT_ONCE = 200  # keys asked for by one statement
TIDYING = ("cart.expired", "notifications.link_expired")  # to come for weeks, and mends nothing
UNDER_WAY = [state for state in Parked.State.values if state != Parked.State.DEAD]


def lasting(found: Iterable[Violation]) -> list[Violation]:
    """Those that no event under way can still mend."""
    violations = list(found)
    if not any(each.at_rest for each in violations):
        return violations
    since = min(oldest_unread(), engine().clock() - SETTLED)
    keys = sorted({key for each in violations if each.at_rest for key in each.about})
    busy = _busy(keys, since)
    quiet = not _anything(since)
    return [each for each in violations if _counts(each, busy, quiet=quiet)]


def _counts(violation: Violation, busy: set[str], *, quiet: bool) -> bool:
    if not violation.at_rest:
        return True
    return busy.isdisjoint(violation.about) if violation.about else quiet


def _busy(keys: list[str], since: datetime) -> set[str]:
    """Those of the keys that something is under way about."""
    found: set[str] = set()
    alias = conf.get("database")
    for start in range(0, len(keys), AT_ONCE):
        mine = keys[start : start + AT_ONCE]
        told = Event.objects.using(alias).filter(key__in=mine, occurred_at__gte=since)
        aside = Parked.objects.using(alias).filter(key__in=mine, state__in=UNDER_WAY)
        later = Scheduled.objects.using(alias).filter(key__in=mine).exclude(name__in=TIDYING)
        for rows in (told, aside, later):
            found.update(rows.values_list("key", flat=True))
    return found


def _anything(since: datetime) -> bool:
    alias = conf.get("database")
    told = Event.objects.using(alias).filter(occurred_at__gte=since).order_by("-id")
    return told.exists() or Parked.objects.using(alias).filter(state__in=UNDER_WAY).exists()
