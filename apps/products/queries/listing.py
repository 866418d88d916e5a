"""Many products at once: one row each, with what is derived for that."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Exists, F, Func, OuterRef, Prefetch, QuerySet, Subquery

from apps.products.models import Availability, Product, Variant
from apps.products.queries.tree import Branch, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A product as the lists show it."""

    slug: str
    title: str
    price: Decimal  # of its cheapest variant, now
    varied: bool  # other variants cost more
    on_sale: bool  # a variant costs less than it regularly does
    picture: str  # recipe
    picture_alt: str
    available: int | None  # units of all variants; None while inventory has not spoken


def products(tree: Tree | None = None, top: Branch | None = None) -> QuerySet[Product]:
    """What is for sale in `top` of the `tree` and below (None: everywhere), in the order in which
    it was taken in."""
    found = Product.objects.filter(listed=True).order_by("id")
    if tree is None or top is None:
        return found
    return found.filter(category__in=[one.id for one in tree.values() if top in one.path])


def filtered(
    found: QuerySet[Product],
    *,
    price_min: Decimal | None = None,
    price_max: Decimal | None = None,
    in_stock: bool | None = None,
    on_sale: bool | None = None,
) -> QuerySet[Product]:
    """Those of the products that cost from `price_min` to `price_max` (both included; what a
    product costs from, now), of which units are left or not, and that are on sale or not."""
    if price_min is not None:
        found = found.filter(price_from__gte=price_min)
    if price_max is not None:
        found = found.filter(price_from__lte=price_max)
    if on_sale is not None:
        found = found.filter(on_sale=on_sale)
    if in_stock is not None:
        left = Availability.objects.filter(available__gt=0).values("sku")
        there = Exists(Variant.objects.filter(product=OuterRef("pk"), active=True, sku__in=left))
        found = found.filter(there if in_stock else ~there)
    return found


def on_shelf() -> Subquery:
    """Units of a variant; null while inventory has not spoken."""
    return Subquery(Availability.objects.filter(sku=OuterRef("sku")).values("available")[:1])


def active_variants() -> QuerySet[Variant]:
    """In a stable order, each with `available`, its units or None."""
    return Variant.objects.filter(active=True).annotate(available=on_shelf()).order_by("id")


def with_variants(found: QuerySet[Product]) -> QuerySet[Product]:
    """The same, each with the list `on_offer` of its active variants and with its category; two
    queries in all."""
    variants = Prefetch("variants", queryset=active_variants(), to_attr="on_offer")
    return found.select_related("category").prefetch_related(variants)


def carded(found: QuerySet[Product]) -> QuerySet[Product]:
    """The same, ready for `cards`; one query in all."""
    mine = Variant.objects.filter(product=OuterRef(OuterRef("pk")), active=True)
    stock = Availability.objects.filter(sku__in=mine.values("sku")).order_by()
    # Not Sum(): that would group, and a group of nothing is no row.
    units = stock.annotate(units=Func(F("available"), function="SUM")).values("units")
    return found.annotate(units=Subquery(units))


def cards(page: Iterable[Product]) -> list[Card]:
    """Products of `carded()` as cards."""
    return [
        Card(
            slug=product.slug,
            title=product.title,
            price=product.price_from or Decimal(0),
            varied=product.price_from != product.price_to,
            on_sale=product.on_sale,
            picture=product.cover,
            picture_alt=product.cover_alt,
            available=product.units,  # type: ignore[attr-defined]
        )
        for product in page
    ]
