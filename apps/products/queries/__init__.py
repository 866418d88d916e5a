"""What can be asked about the catalogue."""

from apps.products.queries.cursors import Position, cursor, page_from, position
from apps.products.queries.detail import (
    Axis,
    Choice,
    axes,
    first_to_show,
    gallery,
    units_of,
)
from apps.products.queries.facets import Count, Facets, facets
from apps.products.queries.finding import Found, branches_like, find, suggested
from apps.products.queries.front import Department, best_rated, departments, praise
from apps.products.queries.gathering import in_detail
from apps.products.queries.listing import (
    Card,
    filtered,
    products,
    searched,
    with_variants,
)
from apps.products.queries.maps import listed, map_beginnings, mapped
from apps.products.queries.related import related
from apps.products.queries.reviews import approved_reviews, has_bought, newest_and_own
from apps.products.queries.shelf import Shelf, first_cards, shelf
from apps.products.queries.slugs import category_at, product_at
from apps.products.queries.tree import Branch, Tree, category_tree, children, path_of
from apps.products.queries.waiting import article, buyable, counted, waited_for, waits
from apps.products.queries.wishes import BEST, ORDERINGS, TAKEN_IN, Wish

__all__ = [
    "BEST",
    "ORDERINGS",
    "TAKEN_IN",
    "Axis",
    "Branch",
    "Card",
    "Choice",
    "Count",
    "Department",
    "Facets",
    "Found",
    "Position",
    "Shelf",
    "Tree",
    "Wish",
    "approved_reviews",
    "article",
    "axes",
    "best_rated",
    "branches_like",
    "buyable",
    "category_at",
    "category_tree",
    "children",
    "counted",
    "cursor",
    "departments",
    "facets",
    "filtered",
    "find",
    "first_cards",
    "first_to_show",
    "gallery",
    "has_bought",
    "in_detail",
    "listed",
    "map_beginnings",
    "mapped",
    "newest_and_own",
    "page_from",
    "path_of",
    "position",
    "praise",
    "product_at",
    "products",
    "related",
    "searched",
    "shelf",
    "suggested",
    "units_of",
    "waited_for",
    "waits",
    "with_variants",
]
