"""A page of a list, and what the list can be narrowed down by: one query for both, which costs the
same on the first page and on any other, with a hundred products and with a million.

For that no count goes beyond MOST rows, and a list by rank is the best of the first RANKED matches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import (
    CharField,
    DecimalField,
    F,
    FloatField,
    IntegerField,
    OrderBy,
    Q,
    QuerySet,
    UUIDField,
    Value,
    Window,
)
from django.db.models.functions import Cast, RowNumber

from apps.products.models import Listing
from apps.products.queries.cursors import cursor, page_from
from apps.products.queries.fitting import NOBODY, shown_by, units_left
from apps.products.queries.listing import CARD, RANKED, Card, card
from apps.products.queries.tree import Tree
from apps.products.queries.wishes import BEST, ORDERINGS, Wish
from apps.products.search import Term, choices, engine

MOST = 1000  # results that are counted
PAGE, POOL, RESULTS = 0, 1, 2  # parts of the one query


@dataclass(frozen=True, slots=True)
class Item:
    """A result as facets see it."""

    category: UUID
    price: Decimal
    on_sale: bool
    in_stock: bool
    lines: frozenset[str]  # of choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    cards: Sequence[Card]
    before: str | None  # cursor of the page before; None: this is the first
    after: str | None  # of the page after
    pool: Sequence[Item]  # in the place and with the words, MOST + 1 at most
    results: Sequence[Item]  # those of them that are as narrowed down; the same bound


def shelf(wish: Wish, tree: Tree, *, size: int) -> Shelf:
    """The page that the wish asks for, of `size` cards; one query."""
    pool = _pool(wish, tree)
    results = _narrowed(pool, wish)
    parts = [_page(results, wish, size), _light(pool, POOL)]
    if wish.narrowed:
        parts.append(_light(results, RESULTS))
    rows = list(parts[0].union(*parts[1:], all=True))
    items = _items(rows, POOL)
    shown = sorted((row for row in rows if row[0] == PAGE), key=lambda row: row[1])
    return _shelf(wish, shown, size, items, _items(rows, RESULTS) if wish.narrowed else items)


def first_cards(wish: Wish, tree: Tree, *, size: int) -> list[Card]:
    """The first of what the wish asks for; one query."""
    rows = sorted(_page(_narrowed(_pool(wish, tree), wish), wish, size), key=lambda row: row[1])
    return [_card(row) for row in rows[:size]]


def best_cards(terms: Sequence[Term], tree: Tree, *, size: int, every: bool = True) -> list[Card]:
    """What has the terms, the best first; one query."""
    return first_cards(Wish(terms=terms, every=every, ordering=BEST), tree, size=size)


def _shelf(
    wish: Wish, rows: list[Any], size: int, pool: Sequence[Item], results: Sequence[Item]
) -> Shelf:
    back = wish.at is not None and wish.at.back
    more, rows = len(rows) > size, rows[:size]
    if back:
        rows.reverse()
    after, before = (wish.at is not None, more) if back else (more, wish.at is not None)
    return Shelf(
        cards=[_card(row) for row in rows],
        before=_cursor(wish, rows[0], back=True) if rows and before else None,
        after=_cursor(wish, rows[-1], back=False) if rows and after else None,
        pool=pool,
        results=results,
    )


def _pool(wish: Wish, tree: Tree) -> QuerySet[Listing]:
    found = Listing.objects.order_by()
    if wish.branch is not None:
        found = found.filter(
            category__in=[one.id for one in tree.values() if wish.branch in one.path]
        )
    if wish.terms:
        found = found.filter(engine().matching(wish.terms, every=wish.every))
    return found


def _narrowed(found: QuerySet[Listing], wish: Wish) -> QuerySet[Listing]:
    asked = Q()
    if wish.price_min is not None:
        asked &= Q(price_from__gte=wish.price_min)
    if wish.price_max is not None:
        asked &= Q(price_from__lte=wish.price_max)
    if wish.in_stock:
        asked &= Q(in_stock=True)
    if wish.on_sale:
        asked &= Q(on_sale=True)
    found = found.filter(asked)
    lines = choices.wanted(wish.values)
    return found.filter(engine().having(lines)) if lines else found


def _page(results: QuerySet[Listing], wish: Wish, size: int) -> QuerySet[Listing, Any]:
    """The rows of the page and one more, each with its place from 1."""
    ordering = ORDERINGS[wish.ordering]
    ranked = ordering.lstrip("-") == "rank"
    if ranked:
        # Of many alternatives, and of words with choices, PostgreSQL would walk the table to find a
        # few in order; without one it meets the lists of an index.
        plain = all(len(term) == 1 for term in wish.terms) and not wish.narrowed
        first = (results.order_by("id") if plain else results).values("pk")[:RANKED]
        results = _ranked(Listing.objects.filter(pk__in=first), wish)
    ids = page_from(results, ordering, wish.at, key="product_id").values("pk")[: size + 1]
    found = Listing.objects.filter(pk__in=ids)
    if ranked:
        found = _ranked(found, wish)
    back = wish.at is not None and wish.at.back
    order = [_order(ordering, back=back), _order(_sign(ordering) + "product_id", back=back)]
    return (
        found.order_by()
        .annotate(
            part=Value(PAGE),
            place=Window(RowNumber(), order_by=order),
            units=units_left(wish.values),
            shown=shown_by(wish.values),
            score=F("rank") if ranked else Value(0.0, FloatField()),
        )
        .values_list(*COLUMNS, *CARD, "shown")
    )


COLUMNS = ("part", "place", "score", "product_id", "category_id", "in_stock", "choices")


def _light(found: QuerySet[Listing], part: int) -> QuerySet[Listing, Any]:
    """The same columns, without what only cards need."""
    ids = found.values("pk")[: MOST + 1]
    nothing = {
        "score": Value(0.0, FloatField()),
        "key": Cast(Value(None), UUIDField()),
        "text": Value("", CharField()),
        "price": Cast(Value(None), DecimalField(max_digits=12, decimal_places=2)),
        "units": Cast(Value(None), IntegerField()),
        "shown": NOBODY,
    }
    return (
        Listing.objects.filter(pk__in=ids)
        .order_by()
        .annotate(part=Value(part), place=Value(0), **nothing)
        .values_list(
            *("part", "place", "score", "key", "category_id", "in_stock", "choices"),
            *("text", "price_from", "on_sale", "text", "price", "text", "text", "units", "shown"),
        )
    )


def _ranked(found: QuerySet[Listing], wish: Wish) -> QuerySet[Listing]:
    return found.annotate(rank=engine().rank(wish.terms, every=wish.every))


def _sign(ordering: str) -> str:
    return "-" if ordering.startswith("-") else ""


def _order(ordering: str, *, back: bool) -> OrderBy:
    falling = ordering.startswith("-") != back
    return OrderBy(F(ordering.removeprefix("-")), descending=falling)


def _items(rows: list[Any], part: int) -> list[Item]:
    return [
        Item(category, price, bool(on_sale), bool(in_stock), frozenset(lines.split("\n")[1:-1]))
        for found, _, _, _, category, in_stock, lines, _, price, on_sale, *_ in rows
        if found == part
    ]


def _card(row: Any) -> Card:
    found, shown = card(row[len(COLUMNS) : -1]), row[-1]
    if not shown:
        return found
    sku, picture, alt = shown.split("\n", 2)
    return replace(found, sku=sku, picture=picture, picture_alt=alt)


def _cursor(wish: Wish, row: Any, *, back: bool) -> str:
    ordering, shown = ORDERINGS[wish.ordering], _card(row)
    _, _, score, key, *_ = row
    value = {"product_id": key, "price_from": shown.price, "title": shown.title, "rank": score}
    return cursor(ordering, value=value[ordering.lstrip("-")], key=key, back=back)
