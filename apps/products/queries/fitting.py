"""The variants of a product that fit what a list was narrowed down to: it is shown by them there."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import CharField, Exists, F, Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat

from apps.products.models import Availability, Variant, VariantValue

Values = Mapping[str, Sequence[str]]  # as `choices.by_axis` gives them
NOBODY = Value("", CharField())


def fitting(values: Values, product: Any) -> QuerySet[Variant]:
    """The active variants of the product that are one of the values on each axis."""
    found = Variant.objects.filter(product=product, active=True)
    for axis, wanted in values.items():
        names = [value.partition(":")[2] for value in wanted]
        held = VariantValue.objects.filter(option__name=axis, value__name__in=names)
        found = found.filter(Exists(held.filter(variant=OuterRef("pk"))))
    return found


def units_left(values: Values) -> Subquery:
    """Of a listing: units of all variants that fit; null while inventory has not spoken."""
    mine = fitting(values, OuterRef(OuterRef("product")))
    stock = Availability.objects.filter(sku__in=mine.values("sku")).order_by()
    # Not Sum(): that would group, and a group of nothing is no row.
    return Subquery(stock.annotate(units=Func(F("available"), function="SUM")).values("units"))


def shown_by(values: Values) -> Value | Coalesce:
    """Of a listing: the SKU, picture and its text of the variant that fits best, a line each: the
    first of which units are left, else the first; empty where every variant fits or none."""
    if not values:
        return NOBODY
    left = Availability.objects.filter(sku=OuterRef("sku"), available__gt=0)
    some = fitting(values, OuterRef("product")).exclude(picture="").annotate(left=Exists(left))
    lines = Concat("sku", Value("\n"), "picture", Value("\n"), "picture_alt")
    best = some.order_by("-left", "id").annotate(lines=lines).values("lines")[:1]
    return Coalesce(Subquery(best), NOBODY)
