"""Mails in numbers, for Prometheus."""

from collections.abc import Iterable

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from apps.notifications import queries


def gauges() -> Iterable[Metric]:
    """What the table of mails says now."""
    about = "Mails that wait for a person: nobody knows whether the mail server has them."
    return [GaugeMetricFamily("shop_mails_held", about, value=queries.held_mails().count())]
