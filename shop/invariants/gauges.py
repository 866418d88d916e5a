"""I17: the numbers of `/metrics` are those of the tables."""

from collections.abc import Iterator

from django.db import connections

from eventbus import conf
from eventbus.gauges import TableGauges
from eventbus.models import Parked
from shop.invariants.violation import Found


def wrong_gauges() -> Iterator[Found]:
    """Numbers about what is set aside that the table contradicts."""
    told: dict[str, float] = {}
    for metric in TableGauges().collect():
        for sample in metric.samples:
            told[sample.name] = told.get(sample.name, 0) + sample.value
    _forget_the_limit()
    rows = Parked.objects.using(conf.get("database"))
    tables = {
        "eventbus_parked_events": rows.count(),
        "eventbus_dead": rows.filter(state=Parked.State.DEAD).count(),
    }
    for name, events in tables.items():
        if told.get(name, 0) != events:
            what = f"{name} is {told.get(name, 0):.0f}, the table says {events}"
            yield what, [], [("eventbus_parked", "all")]


def _forget_the_limit() -> None:
    """The gauges limit their statements, until the end of the transaction that is ours here."""
    connection = connections[conf.get("database")]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
