"""What a list's address asks for, and the addresses that ask for a little more or less.

Read kindly: what cannot be is left out, as if nobody had asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from urllib.parse import urlencode

from django.http import QueryDict
from django.template import Context, Template

from apps.products import queries
from apps.products.queries import BEST, ORDERINGS, TAKEN_IN, Wish
from apps.products.search import asked, choices, terms
from apps.products.search.words import LONGEST_QUESTION

MOST = Decimal(10) ** 10  # of a price
NAMES = {
    "price_min": "From {{ value|money }}",
    "price_max": "Up to {{ value|money }}",
    "in_stock": "In stock",
    "on_sale": "On sale",
}

type Pair = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """Something that the list is narrowed down by, and the address without it."""

    name: str
    without: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    text: str  # as somebody typed it
    words: Sequence[str]  # of it
    wish: Wish
    ordering: str  # as the form shows it

    @property
    def address(self) -> str:
        """The query of the first page of this list."""
        return _query(self.pairs)

    @property
    def query(self) -> str:
        """The same to put behind another path; empty where nothing is asked."""
        return "" if self.address == "?" else self.address

    @property
    def pairs(self) -> list[Pair]:
        wish = self.wish
        found = [("q", self.text)] if self.text else []
        found += [("option", value) for values in wish.values.values() for value in values]
        found += [
            (name, str(bound))
            for name, bound in (("price_min", wish.price_min), ("price_max", wish.price_max))
            if bound is not None
        ]
        found += [(name, "1") for name in ("in_stock", "on_sale") if getattr(wish, name)]
        usual = usual_ordering(self.words)
        return found + ([("sort", self.ordering)] if self.ordering != usual else [])

    def page(self, cursor: str) -> str:
        """The query of another page of this list."""
        return _query([*self.pairs, ("cursor", cursor)])

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(name=_named(pair), without=_query(one for one in self.pairs if one != pair))
            for pair in self.pairs
            if pair[0] not in ("q", "sort")
        ]

    @property
    def cleared(self) -> str:
        """The query of the list with the same words, not narrowed down."""
        return _query(pair for pair in self.pairs if pair[0] in ("q", "sort"))


def asking(said: QueryDict, branch: queries.Branch | None) -> Asking:
    """What is asked for, in the branch or (None) everywhere."""
    text = said.get("q", "").replace("\x00", "").strip()[:LONGEST_QUESTION]
    words = tuple(asked(text))
    ordering = said.get("sort", "")
    if ordering not in ORDERINGS or (ordering == BEST and not words):
        ordering = usual_ordering(words)
    wish = Wish(
        branch=branch,
        terms=terms(words),
        values=choices.by_axis(_values(said.getlist("option"))),
        price_min=_price(said.get("price_min", "")),
        price_max=_price(said.get("price_max", "")),
        in_stock=said.get("in_stock") == "1",
        on_sale=said.get("on_sale") == "1",
        ordering=ordering,
    )
    at = _position(said.get("cursor", ""), ORDERINGS[ordering])
    return Asking(text=text, words=words, wish=replace(wish, at=at), ordering=ordering)


def usual_ordering(words: Sequence[str]) -> str:
    """Where nobody has said which."""
    return BEST if words else TAKEN_IN


def _values(said: Iterable[str]) -> Iterator[str]:
    return (
        value
        for value in said
        if ":" in value and len(value) <= 100 and not set(value) & set("\x00\n\t")
    )


def _price(text: str) -> Decimal | None:
    try:
        price = Decimal(text.strip().replace(",", ".")[:20])
    except InvalidOperation:
        return None
    if not price.is_finite() or not 0 <= price < MOST:
        return None
    return price.quantize(Decimal("0.01"))


def _position(cursor: str, ordering: str) -> queries.Position | None:
    try:
        return queries.position(cursor, ordering)
    except ValueError:
        return None


def _query(pairs: Iterable[Pair]) -> str:
    said = urlencode(list(pairs))
    return f"?{said}" if said else "?"


def _named(pair: Pair) -> str:
    name, value = pair
    if name == "option":
        return value.replace(":", ": ", 1)
    return Template(NAMES[name]).render(Context({"value": value}))
