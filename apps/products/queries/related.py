"""What else there is of a product's kind."""

from typing import Any

from django.db.models import QuerySet, Value

from apps.products.models import Listing, Product
from apps.products.queries.fitting import units_left
from apps.products.queries.listing import CARD, Card, card

LOOKED_AT = 12  # products on each side; more would cost more than they are looked at
PLACE = ("in_stock", "part", "product_id")  # what is near is ordered by


def related(product: Product, *, count: int) -> list[Card]:
    """Of the same category, those taken in next first: what is left before what is sold out, never
    the product itself. One query, which looks at its neighbours only."""
    shelf = Listing.objects.filter(category=product.category_id)
    after = _cards(shelf.filter(product__gt=product.pk).order_by("product"), 0)
    first = _cards(shelf.filter(product__lt=product.pk).order_by("product"), 1)
    rows = after.union(first, all=True)
    nearest = sorted(rows, key=lambda row: (not row[0], row[1], row[2]))
    return [card(row[len(PLACE) :]) for row in nearest[:count]]


def _cards(found: QuerySet[Listing], part: int) -> QuerySet[Listing, Any]:
    near = Listing.objects.filter(pk__in=found.values("pk")[:LOOKED_AT]).order_by()
    return near.annotate(part=Value(part), units=units_left({})).values_list(*PLACE, *CARD)
