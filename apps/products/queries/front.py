"""What the shop's first page shows, each in one query that costs the same for a million products."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import ExpressionWrapper, F, FloatField, QuerySet, Value

from apps.products.models import Listing, Review
from apps.products.queries.fitting import units_left
from apps.products.queries.listing import Card
from apps.products.queries.reviews import Approved
from apps.products.queries.tree import Branch, Tree, children

LOOKED_AT = 24  # products of a department, for pictures that differ
LATELY = 200  # reviews: what was praised long ago may be forgotten
PRAISE = 4  # stars, from which a review is shown
LONGEST_QUOTE = 240  # characters
BEGINNING = 30  # the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """A category of the first level, with what it looks like."""

    branch: Branch
    below: Sequence[Branch]
    pictures: Sequence[str]  # recipes of some of its products


def departments(tree: Tree, *, pictures: int) -> list[Department]:
    """The categories of the first level in which something is sold."""
    tops = children(tree, None)
    parts = [_pictured(tree, top, place) for place, top in enumerate(tops)]
    shown: dict[int, list[str]] = {}
    for place, _, recipe in sorted(parts[0].union(*parts[1:], all=True)) if parts else ():
        shown.setdefault(place, []).append(recipe)
    return [
        Department(branch=top, below=children(tree, top), pictures=_varied(shown[place])[:pictures])
        for place, top in enumerate(tops)
        if place in shown
    ]


def best_rated(*, size: int) -> list[Card]:
    """Of the products that were reviewed lately, those that their buyers like best."""
    lately = Review.objects.filter(Approved).order_by("-id").values("product")[:LATELY]
    average = ExpressionWrapper(
        F("product__rating_sum") * 1.0 / F("product__rating_count"), output_field=FloatField()
    )
    found = Listing.objects.filter(product__in=lately, product__rating_count__gt=0)
    best = found.annotate(stars=average, units=units_left({}))
    rows = best.order_by("-stars", "-product__rating_count", "product").values(
        *("title", "price_from", "on_sale", "units", "product__slug"),
        *("product__price_to", "product__cover", "product__cover_alt", "stars"),
    )
    return [_card(row) for row in rows[:size]]


def praise(*, size: int) -> list[Review]:
    """The newest kind words, one a product and no two that begin alike, each with its product."""
    kind = Review.objects.filter(Approved, rating__gte=PRAISE, product__listed=True)
    newest = kind.select_related("product").order_by("-id")[:LATELY]
    found: list[Review] = []
    said: set[Any] = set()
    for review in newest:
        same = {review.product_id, review.text[:BEGINNING]}
        if len(review.text) <= LONGEST_QUOTE and said.isdisjoint(same):
            found.append(review)
            said |= same
    return found[:size]


def _varied(recipes: Sequence[str]) -> list[str]:
    """Those first that are the first of their shape."""
    shapes = [recipe.rpartition("-")[0] for recipe in recipes]
    places = sorted(range(len(recipes)), key=lambda place: shapes.index(shapes[place]) != place)
    return [recipes[place] for place in places]


def _pictured(tree: Tree, top: Branch, place: int) -> QuerySet[Listing, Any]:
    below = [branch.id for branch in tree.values() if top in branch.path]
    first = Listing.objects.filter(category__in=below).order_by("product").values("pk")[:LOOKED_AT]
    found = Listing.objects.filter(pk__in=first).order_by()
    return found.annotate(place=Value(place)).values_list("place", "product", "product__cover")


def _card(row: dict[str, Any]) -> Card:
    return Card(
        slug=row["product__slug"],
        title=row["title"],
        price=row["price_from"],
        varied=row["price_from"] != row["product__price_to"],
        on_sale=row["on_sale"],
        picture=row["product__cover"],
        picture_alt=row["product__cover_alt"],
        available=row["units"],
        rating=Decimal(row["stars"]).quantize(Decimal("0.1")),
    )
