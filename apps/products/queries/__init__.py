"""What can be asked about the catalogue."""

from apps.products.queries.detail import (
    Axis,
    Choice,
    axes,
    detailed,
    first_to_show,
    gallery,
    units_of,
)
from apps.products.queries.listing import Card, carded, cards, filtered, products, with_variants
from apps.products.queries.reviews import approved_reviews, has_bought, newest_and_own
from apps.products.queries.slugs import category_at, product_at
from apps.products.queries.tree import Branch, Tree, category_tree, children, path_of

__all__ = [
    "Axis",
    "Branch",
    "Card",
    "Choice",
    "Tree",
    "approved_reviews",
    "axes",
    "carded",
    "cards",
    "category_at",
    "category_tree",
    "children",
    "detailed",
    "filtered",
    "first_to_show",
    "gallery",
    "has_bought",
    "newest_and_own",
    "path_of",
    "product_at",
    "products",
    "units_of",
    "with_variants",
]
