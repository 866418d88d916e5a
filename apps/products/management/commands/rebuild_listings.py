"""Derive what lists and search read from the products, all of it, while the shop goes on."""

from itertools import batched
from typing import Any

from django.core.management.base import BaseCommand

from apps.products import operations, queries
from apps.products.models import Product

AT_ONCE = 500  # products in a transaction


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        operations.index_words()
        ids = Product.objects.order_by("pk").values_list("pk", flat=True).iterator()
        done = 0
        for some in batched(ids, AT_ONCE, strict=False):
            operations.relist(some)
            done += len(some)
        self.stdout.write(f"{done} products, of which {queries.listed()} are listed.")
