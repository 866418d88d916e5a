"""What inventory says."""

from collections.abc import Sequence
from typing import Protocol

from django.db import transaction

from apps.products.models import Availability
from apps.products.operations.listing import restock


class StockNews(Protocol):
    """How many units can be sold, as inventory tells it."""

    @property
    def sku(self) -> str: ...
    @property
    def available(self) -> int: ...  # units
    @property
    def version(self) -> int: ...  # the highest is kept


@transaction.atomic
def record_availability(news: Sequence[StockNews]) -> None:
    """Keep what inventory says of the articles, unless something newer is known.

    New rows first, then those that are older than their news, locked in the order of the SKUs: so
    two that write at once wait for each other, and the highest version stays.
    """
    told = {
        level.sku: level for level in sorted(news, key=lambda level: (level.sku, level.version))
    }
    rows = [
        Availability(sku=level.sku, available=level.available, version=level.version)
        for level in told.values()
    ]
    Availability.objects.bulk_create(rows, ignore_conflicts=True)
    known = Availability.objects.select_for_update().filter(sku__in=told).order_by("sku")
    versions = dict(known.values_list("sku", "version"))
    newer = [row for row in rows if row.version > versions[row.sku]]
    if newer:
        Availability.objects.bulk_create(
            newer,
            update_conflicts=True,
            unique_fields=["sku"],
            update_fields=["available", "version"],
        )
    restock(told)
