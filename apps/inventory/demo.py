"""The demo shop's first stock."""

from collections.abc import Mapping

from django.db import transaction

from apps.inventory import queries
from apps.inventory.operations import adjust_stock


@transaction.atomic
def load(stock: Mapping[str, int]) -> None:
    """Put the units of `stock` (by SKU) on the shelf, where nothing was ever counted.

    Articles that inventory has not heard of are left out; a second call changes nothing.
    """
    for sku in queries.never_stocked(stock):
        if stock[sku]:
            adjust_stock(sku=sku, delta=stock[sku], reason="First stock", by="demo")
