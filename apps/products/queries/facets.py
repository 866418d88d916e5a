"""What a list can be narrowed down by, with how many results that would leave.

Counts are exact as long as there are no more than MOST products in the place and with the words.
Beyond, they are what the first MOST results hold: at least so many.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from apps.products.queries.shelf import MOST, Item, Shelf
from apps.products.queries.tree import Branch, Tree, children
from apps.products.queries.wishes import Wish
from apps.products.search import choices

AXES_SHOWN, VALUES_SHOWN = 5, 14  # those that most results have
SIZES = ("xxs", "xs", "s", "small", "m", "medium", "l", "large", "xl", "xxl", "xxxl")


@dataclass(frozen=True, slots=True)
class Count:
    number: int
    more: bool = False  # at least so many


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of an axis."""

    value: str  # as addresses name it
    name: str
    chosen: bool
    count: Count | None  # of results if it were the only one of its axis; None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    name: str
    values: Sequence[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    found: Count
    branches: Sequence[tuple[Branch, Count]]  # right below, those that have results
    axes: Sequence[Axis]
    in_stock: Count
    on_sale: Count
    cheapest: Decimal | None  # in the place and with the words; None: nothing, or too many to know
    dearest: Decimal | None


def facets(wish: Wish, shown: Shelf, tree: Tree) -> Facets:
    """Of the list that the shelf is a page of; no query."""
    few = len(shown.pool) <= MOST
    prices = [item.price for item in shown.pool] if few else []
    return Facets(
        found=_count(len(shown.results), len(shown.results)),
        branches=_branches(wish, shown, tree),
        axes=_axes(wish, shown),
        in_stock=_with(replace(wish, in_stock=True), shown),
        on_sale=_with(replace(wish, on_sale=True), shown),
        cheapest=min(prices, default=None),
        dearest=max(prices, default=None),
    )


def fits(item: Item, wish: Wish, lines: frozenset[str]) -> bool:
    """Whether it is as narrowed down; `lines` are those of which it must have one, if any."""
    return (
        (wish.price_min is None or item.price >= wish.price_min)
        and (wish.price_max is None or item.price <= wish.price_max)
        and (item.in_stock or not wish.in_stock)
        and (item.on_sale or not wish.on_sale)
        and (not lines or not lines.isdisjoint(item.lines))
    )


def _with(wish: Wish, shown: Shelf) -> Count:
    """How many results the wish has, which the shelf's or a narrower one may be."""
    items = _known(shown)
    lines = frozenset(choices.wanted(wish.values))
    return _count(sum(fits(item, wish, lines) for item in items), len(items))


def _known(shown: Shelf) -> Sequence[Item]:
    """Everything in the place if it is little enough; else results."""
    return shown.pool if len(shown.pool) <= MOST else shown.results


def _count(number: int, looked_at: int) -> Count:
    return Count(min(number, MOST), more=looked_at > MOST)


def _branches(wish: Wish, shown: Shelf, tree: Tree) -> list[tuple[Branch, Count]]:
    items = _known(shown)
    lines = frozenset(choices.wanted(wish.values))
    held = Counter(item.category for item in items if fits(item, wish, lines))
    inside = Counter[str]()
    for one in tree.values():
        inside.update({above.slug: held[one.id] for above in one.path})
    return [
        (branch, _count(inside[branch.slug], len(items)))
        for branch in children(tree, wish.branch)
        if inside[branch.slug]
    ]


def _axes(wish: Wish, shown: Shelf) -> list[Axis]:
    held = Counter(line for item in shown.pool for line in item.lines if "\t" not in line)
    chosen = {value for values in wish.values.values() for value in values}
    held.update(chosen)  # shown so that it can be taken back, whatever there is
    axes: dict[str, list[str]] = {}
    for value, _ in held.most_common():
        axes.setdefault(value.partition(":")[0], []).append(value)
    several = [name for name in axes if len(axes[name]) > 1 or name in wish.values]
    kept = sorted({*several[:AXES_SHOWN], *wish.values})
    found = [
        Axis(name=name, values=_values(name, _first(axes[name], chosen), wish, shown))
        for name in kept
    ]
    return [axis for axis in found if axis.values]


def _first(values: Sequence[str], chosen: set[str]) -> list[str]:
    some = set(values[:VALUES_SHOWN]) | (chosen & set(values))
    return sorted(some, key=_place)


def _values(axis: str, values: Sequence[str], wish: Wish, shown: Shelf) -> list[Value]:
    chosen = wish.values.get(axis, ())
    few = len(shown.pool) <= MOST
    found = []
    for value in values:
        count = _with(replace(wish, values={**wish.values, axis: [value]}), shown)
        known = few or not chosen or value in chosen
        if count.number or value in chosen or not known:
            found.append(
                Value(
                    value=value,
                    name=value.partition(":")[2],
                    chosen=value in chosen,
                    count=count if known else None,
                )
            )
    return found


def _place(value: str) -> tuple[int, float, str]:
    """Sizes by size, numbers by number, words by the alphabet."""
    name = value.partition(":")[2]
    if name.casefold() in SIZES:
        return 0, SIZES.index(name.casefold()), name
    digits = name.split()[0].replace(",", ".") if name else ""
    if digits.replace(".", "", 1).isdecimal():
        return 1, float(digits), name
    return 2, 0, name
