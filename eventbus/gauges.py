"""What the tables say, for Prometheus, read when it asks; docs/bus-metrics.md says what it means.

Every query is bounded by a count or by the sparseness of what it counts, and on PostgreSQL by
`SCRAPE_SECONDS`. Without the database the answer is `eventbus_up 0`.
"""

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from django.db import Error
from django.db.models import Count
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from eventbus import conf, parking, retention
from eventbus.engines import engine
from eventbus.engines.measures import Measures, measures
from eventbus.models import Cursor, Parked, Scheduled, Tick
from eventbus.registry import subscribers

logger = logging.getLogger("eventbus.gauges")

SCRAPE_SECONDS = 2  # Prometheus gives up after ten; the web's thread is needed for people
COUNTED = 10_000  # events at most; who is that far behind needs no exact number
KEYS = (
    "SELECT subscriber, count(*) FROM"
    " (SELECT DISTINCT subscriber, source, key FROM eventbus_parked WHERE state <> 'owed') parked"
    " GROUP BY subscriber"
)
GAUGES: dict[str, tuple[str, list[str]]] = {
    "lag_events": (f"Events yet to be read, at most {COUNTED} a cursor.", ["subscriber"]),
    "lag_seconds": ("Age of the oldest event yet to be read.", ["subscriber"]),
    "paused": ("1 when a cursor of the subscriber is paused.", ["subscriber"]),
    "parked_keys": ("Keys that are held up.", ["subscriber"]),
    "parked_events": ("Events set aside, by what they wait for.", ["subscriber", "state"]),
    "dead": ("Dead letters: each needs a person.", ["subscriber"]),
    "scheduled": (f"Events that are not due yet, at most {COUNTED}.", []),
    "tick_age_seconds": ("Age of the newest tick (PostgreSQL); grows while all is quiet.", []),
    "oldest_writer_xact_seconds": ("Age of the oldest writing transaction (PostgreSQL).", []),
    "retention_blocked_by": ("Old events that the subscriber has yet to read.", ["subscriber"]),
    "log_rows": ("Events in the log; an estimate.", []),
    "log_bytes": ("Size of the log with its indexes; on SQLite of the database.", []),
}
UP = "1 when the bus's tables could be read."


class Sheet:
    """The gauges, while they are filled in."""

    def __init__(self) -> None:
        self.families = {
            name: GaugeMetricFamily(f"eventbus_{name}", words, labels=labels)
            for name, (words, labels) in GAUGES.items()
        }

    def put(self, name: str, value: float, *labels: str) -> None:
        """Tell one value."""
        self.families[name].add_metric(labels, value)


class TableGauges(Collector):
    """Register it once a deployment; several answers are the same, so ask for their maximum."""

    def describe(self) -> Iterable[Metric]:
        """The names, without asking the database."""
        return [*Sheet().families.values(), GaugeMetricFamily("eventbus_up", UP)]

    def collect(self) -> Iterable[Metric]:
        """The values now; `eventbus_up 0` alone when the database does not give them."""
        sheet = Sheet()
        try:
            _fill(sheet, measures())
        except Error as error:
            logger.warning("the bus's tables cannot be read: %s", error)
            return [GaugeMetricFamily("eventbus_up", UP, value=0)]
        return [*sheet.families.values(), GaugeMetricFamily("eventbus_up", UP, value=1)]


def _fill(sheet: Sheet, tables: Measures) -> None:
    with tables.no_longer_than(SCRAPE_SECONDS):
        now = engine().clock()
        names = _cursors(sheet, tables, now)
        _parked(sheet, tables, names)
        _log(sheet, tables, now)


def _cursors(sheet: Sheet, tables: Measures, now: datetime) -> list[str]:
    """What lies before the cursors; gives the names of their subscribers."""
    unread: Counter[str] = Counter()
    oldest: dict[str, datetime] = {}
    paused: dict[str, bool] = {}
    for cursor in Cursor.objects.using(conf.get("database")).order_by("subscriber", "lo"):
        name = cursor.subscriber
        paused[name] = paused.get(name, False) or cursor.paused
        if name not in subscribers:
            continue  # of another deployment, which knows what it reads
        events, since = tables.unread(cursor, list(subscribers[name].handlers), COUNTED)
        unread[name] += events
        oldest[name] = min(oldest.get(name, now), since or now)
    for name, since in oldest.items():
        sheet.put("lag_events", unread[name], name)
        sheet.put("lag_seconds", (now - since).total_seconds(), name)
    for name, rests in paused.items():
        sheet.put("paused", rests, name)
    return list(paused)


def _parked(sheet: Sheet, tables: Measures, names: Iterable[str]) -> None:
    keys = dict(tables.rows(KEYS))
    by_state = parking.rows().values_list("subscriber", "state").annotate(events=Count("id"))
    events = {(name, state): count for name, state, count in by_state}
    for name in sorted({*names, *keys}):
        sheet.put("parked_keys", keys.get(name, 0), name)
        for state in Parked.State.values:
            sheet.put("parked_events", events.get((name, state), 0), name, state)
        sheet.put("dead", events.get((name, Parked.State.DEAD), 0), name)


def _log(sheet: Sheet, tables: Measures, now: datetime) -> None:
    alias = conf.get("database")
    sheet.put("scheduled", Scheduled.objects.using(alias)[:COUNTED].count())
    tick = Tick.objects.using(alias).order_by("-id").first()
    if tick is not None:
        sheet.put("tick_age_seconds", (now - tick.created_at).total_seconds())
    writer = tables.oldest_writer()
    if writer is not None:
        sheet.put("oldest_writer_xact_seconds", writer)
    for blocker in retention.blocked_by():
        sheet.put("retention_blocked_by", blocker.events, blocker.subscriber)
    events, size = tables.log_size()
    sheet.put("log_rows", events)
    sheet.put("log_bytes", size)
