"""`/metrics`: the numbers of the pages, of the bus and of the apps, for Prometheus.

An AppConfig may carry `gauges = "apps.orders.metrics.gauges"`: a function `() -> metrics` that reads
what the app's tables say now, in queries that stay small however large the tables grow.
"""

import logging
from collections.abc import Iterable, Iterator

from django.apps import apps
from django.db import Error
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from prometheus_client import CONTENT_TYPE_LATEST, Metric, generate_latest
from prometheus_client.registry import Collector

from eventbus import exposition

logger = logging.getLogger("shop.monitoring")


class AppGauges(Collector):
    """What all apps declare. Without the database they are left out; `eventbus_up` tells of it."""

    def collect(self) -> Iterable[Metric]:
        """The values now."""
        for label, path in declared():
            try:
                yield from list(import_string(path)())
            except Error as error:
                logger.warning("the gauges of %s cannot be read: %s", label, error)


def declared() -> Iterator[tuple[str, str]]:
    """The label of each app with gauges, and the dotted path of what reads them."""
    for config in apps.get_app_configs():
        if path := getattr(config, "gauges", None):
            yield config.label, path


@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Always 200, in Prometheus' text format: what cannot be read says so by a number."""
    page = generate_latest(exposition.registry(AppGauges()))
    return HttpResponse(page, content_type=CONTENT_TYPE_LATEST)
