"""What somebody looks for: a place in the catalogue, words, and what narrows the list down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from apps.products.queries.cursors import Position
from apps.products.queries.tree import Branch
from apps.products.search import Term

BEST, TAKEN_IN = "best", "taken_in"
ORDERINGS = {  # by their names in addresses: the field of a listing, "-" before it from the highest
    BEST: "-rank",
    TAKEN_IN: "product_id",
    "newest": "-product_id",
    "price": "price_from",
    "-price": "-price_from",
    "title": "title",
    "-title": "-title",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    branch: Branch | None = None  # and all below it; None: everywhere
    terms: Sequence[Term] = ()  # that it has; none: whatever there is
    every: bool = True  # has all the terms, else any of them
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)  # by axis, one of them each
    price_min: Decimal | None = None  # of what a product costs from, now
    price_max: Decimal | None = None
    in_stock: bool = False  # True: only what is left
    on_sale: bool = False  # True: only what costs less for now
    ordering: str = TAKEN_IN  # one of ORDERINGS; BEST needs terms
    at: Position | None = None  # where the page begins; None: with the first

    @property
    def narrowed(self) -> bool:
        """Whether it asks for more than a place and words."""
        bounds = self.price_min is not None or self.price_max is not None
        return bool(bounds or self.values or self.in_stock or self.on_sale)
