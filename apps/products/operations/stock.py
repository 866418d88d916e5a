"""What inventory says."""

from collections.abc import Sequence
from typing import Protocol

from django.db import transaction

from apps.products.models import Availability
from apps.products.operations.listing import restock
from apps.products.operations.waiting import tell_waiting
from eventbus import Envelope


class StockNews(Protocol):
    """How many units can be sold, as inventory tells it."""

    @property
    def sku(self) -> str: ...
    @property
    def available(self) -> int: ...  # units
    @property
    def version(self) -> int: ...  # the highest is kept


@transaction.atomic
def record_availability(news: Sequence[StockNews], told: Sequence[Envelope] = ()) -> None:
    """Keep what inventory says of the articles, unless something newer is known, and tell who
    waited for one that was sold out and is back. `told` are the events, in whatever order.

    New rows first, then those that are older than their news, locked in the order of the SKUs: so
    two that write at once wait for each other, and the highest version stays.
    """
    latest = {
        level.sku: level for level in sorted(news, key=lambda level: (level.sku, level.version))
    }
    rows = [
        Availability(sku=level.sku, available=level.available, version=level.version)
        for level in latest.values()
    ]
    Availability.objects.bulk_create(rows, ignore_conflicts=True)
    known = Availability.objects.select_for_update().filter(sku__in=latest).order_by("sku")
    before = known.in_bulk()
    newer = [row for row in rows if row.version > before[row.sku].version]
    if newer:
        Availability.objects.bulk_create(
            newer,
            update_conflicts=True,
            unique_fields=["sku"],
            update_fields=["available", "version"],
        )
    restock(latest)
    back = [row.sku for row in newer if row.available and not before[row.sku].available]
    if back:
        tell_waiting(back, {event.key: event for event in told})
