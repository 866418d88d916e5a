"""Many products at once: one row each, with what is derived for that."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, FloatField, OuterRef, Prefetch, QuerySet, Subquery, Value

from apps.products.models import Availability, Listing, Product, Variant
from apps.products.queries.tree import Branch, Tree
from apps.products.search import completed, engine

RANKED = 1000  # matches that are compared for the best


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
    available: int | None  # units of all variants that fit; None while inventory has not spoken
    sku: str = ""  # of the variant that it is shown by, where the list was narrowed down to some
    rating: Decimal | None = None  # its stars, where that is what the list is about


# What a card is made of: columns of a listing, in this order, and its `units`.
CARD: tuple[str, ...] = ("title", "price_from", "on_sale", "product__slug", "product__price_to")
CARD += ("product__cover", "product__cover_alt", "units")


def card(columns: Sequence[Any]) -> Card:
    """The card of a row that has the columns of CARD."""
    title, price, on_sale, slug, price_to, cover, cover_alt, units = columns
    return Card(
        slug=slug,
        title=title,
        price=price,
        varied=price != price_to,
        on_sale=bool(on_sale),  # SQLite's are numbers where parts of a query are put together
        picture=cover,
        picture_alt=cover_alt,
        available=units,
    )


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


def searched(
    found: QuerySet[Product], words: Sequence[str], *, best: bool = False
) -> QuerySet[Product]:
    """Those of the products that have the words, the last perhaps unfinished. The `best` have `rank`: how well, from 0; of
    very many only the first thousand are compared."""
    if not words:
        return found.none().annotate(rank=Value(0.0))
    asked = completed(words)
    having = Listing.objects.filter(engine().matching(asked)).values("product")
    matches = found.filter(pk__in=having)
    if not best:
        return matches
    mine = Listing.objects.filter(product=OuterRef("pk")).annotate(rank=engine().rank(asked))
    rank = Subquery(mine.values("rank"), output_field=FloatField())
    compared = matches.order_by("id").values("pk")[:RANKED]
    return Product.objects.filter(pk__in=compared).annotate(rank=rank)


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
