"""What must hold of the catalogue by itself, and the facts that the shop compares with those of
the other contexts; read by `manage.py check_invariants` (docs/invariants.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models.functions import Coalesce

from apps.products import queries
from apps.products.models import Availability, BoughtOrder, Variant, WaitingShopper

type Found = Iterator[tuple[str, list[str], list[tuple[str, str]]]]  # words, keys, rows

CHUNK = 500  # rows in memory at once


# Facts, in the order of their first field ---------------------------------------------------------
def articles() -> Iterator[Mapping[str, Any]]:
    """Every article that was told of: what it costs now and which version that is."""
    told = Variant.objects.filter(version__gt=0).order_by("sku")
    return told.values("sku", "version", now=Coalesce("sale_price", "price")).iterator(CHUNK)


def availabilities() -> Iterator[Mapping[str, Any]]:
    """What the catalogue knows of the stock, in units."""
    rows = Availability.objects.order_by("sku").values("sku", "available", "version")
    return rows.iterator(CHUNK)


def bought_orders() -> Iterator[Mapping[str, Any]]:
    """What the catalogue knows of customers' orders."""
    rows = BoughtOrder.objects.order_by("order_id").values("order_id", "customer_id", "status")
    return rows.iterator(CHUNK)


# Checks -----------------------------------------------------------------------------------------
def waiting_in_vain() -> Found:
    """Shoppers who wait for what can be bought."""
    skus = set(WaitingShopper.objects.order_by().values_list("sku", flat=True))
    back = queries.buyable(skus) if skus else {}
    for row in WaitingShopper.objects.filter(sku__in=back).order_by("pk").iterator(CHUNK):
        yield f"somebody waits for {row.sku}", [row.sku], [("products_waitingshopper", str(row.pk))]


FACTS = {"articles": articles, "availabilities": availabilities, "bought_orders": bought_orders}
ALWAYS: dict[str, list[Any]] = {}
AT_REST = {"I18": [waiting_in_vain]}
