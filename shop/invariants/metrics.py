"""What the last whole check found, for Prometheus.

It is kept in a table: the check takes longer than a scrape may, and whichever process is asked has
to say the same.
"""

from collections import Counter
from collections.abc import Iterable

from django.db import transaction
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from eventbus.engines import engine
from shop.invariants.catalogue import INVARIANTS
from shop.invariants.checking import Report
from shop.models import InvariantCheck

VIOLATIONS = "Violations that the last check of the invariant found; missing before the first."
CHECKED = "When the invariants were last checked, in seconds since 1970; missing before that."


@transaction.atomic
def record(report: Report) -> None:
    """Keep how many violations of each invariant were found. The last one to check is right."""
    counted = Counter(each.invariant for each in report.violations)
    partly = {left_out.partition(" ")[0] for left_out in report.not_checked}
    now = engine().clock()
    rows = [
        InvariantCheck(
            invariant=each.name,
            violations=counted[each.name],
            whole=each.name not in partly,
            checked_at=now,
        )
        for each in INVARIANTS
    ]
    InvariantCheck.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["invariant"],
        update_fields=["violations", "whole", "checked_at"],
    )


def gauges() -> Iterable[Metric]:
    """Eighteen rows at most. What could be checked in part only is left out unless it is broken:
    0 would say that it holds."""
    violations = GaugeMetricFamily("shop_invariant_violations", VIOLATIONS, labels=["invariant"])
    checked = GaugeMetricFamily("shop_invariants_checked_timestamp_seconds", CHECKED)
    rows = list(InvariantCheck.objects.all())
    for row in rows:
        if row.whole or row.violations:
            violations.add_metric([row.invariant], row.violations)
    if rows:
        checked.add_metric([], min(row.checked_at for row in rows).timestamp())
    return [violations, checked]
