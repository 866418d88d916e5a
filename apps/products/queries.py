"""What can be asked about the catalogue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from apps.products.models import Availability, Category, Product, Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A category that shoppers see, in its place."""

    id: UUID
    slug: str
    title: str
    parent: "Branch | None"

    @property
    def path(self) -> "tuple[Branch, ...]":
        """From the root to itself."""
        return (*self.parent.path, self) if self.parent else (self,)


type Tree = dict[str, Branch]  # by slug, each followed by what is below it


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A product as the lists show it."""

    slug: str
    title: str
    price: Decimal  # of its cheapest variant
    varied: bool  # other variants cost more
    picture: str  # recipe
    option: str  # that the picture shows
    available: int | None  # units of all variants; None while inventory has not spoken


def category_tree() -> Tree:
    """The visible categories: active, and below active ones only."""
    below: dict[UUID | None, list[Category]] = {}
    for category in Category.objects.filter(active=True).order_by("position", "title", "id"):
        below.setdefault(category.parent_id, []).append(category)

    def walk(parent: Branch | None) -> Iterator[Branch]:
        for row in below.get(parent.id if parent else None, []):
            branch = Branch(id=row.pk, slug=row.slug, title=row.title, parent=parent)
            yield branch
            yield from walk(branch)

    return {branch.slug: branch for branch in walk(None)}


def children(tree: Tree, parent: Branch | None) -> list[Branch]:
    """The branches right below; of None, the roots."""
    return [branch for branch in tree.values() if branch.parent == parent]


def products(tree: Tree, top: Branch | None = None) -> QuerySet[Product]:
    """What is for sale in `top` and below (None: everywhere), in a stable order, each with the
    list `on_sale` of its active variants."""
    shown = [branch.id for branch in tree.values() if top is None or top in branch.path]
    active = Variant.objects.filter(active=True).order_by("id")
    return (
        Product.objects.filter(active=True, category_id__in=shown)
        .filter(Exists(active.filter(product=OuterRef("pk"))))
        .select_related("category")
        .prefetch_related(Prefetch("variants", queryset=active, to_attr="on_sale"))
        .order_by("id")
    )


def on_sale(product: Product) -> list[Variant]:
    """The active variants of one of `products()`, in a stable order; never empty."""
    variants: list[Variant] = product.on_sale  # type: ignore[attr-defined]
    return variants


def stock_of(skus: Iterable[str]) -> dict[str, int]:
    """Units that can be sold, of those that inventory has spoken about."""
    rows = Availability.objects.filter(sku__in=list(skus))
    return dict(rows.values_list("sku", "available"))


def cards(page: Iterable[Product]) -> list[Card]:
    """The products of `products()` as cards; one query however many."""
    shown = list(page)
    stock = stock_of(variant.sku for product in shown for variant in on_sale(product))
    return [_card(product, stock) for product in shown]


def _card(product: Product, stock: dict[str, int]) -> Card:
    variants = on_sale(product)
    known = [stock[variant.sku] for variant in variants if variant.sku in stock]
    prices = [variant.price for variant in variants]
    return Card(
        slug=product.slug,
        title=product.title,
        price=min(prices),
        varied=len(set(prices)) > 1,
        picture=variants[0].picture,
        option=variants[0].option,
        available=sum(known) if known else None,
    )
