"""The reviews of the demo shop: from the sentences in `reviews.toml`, by those who bought."""

import random
import tomllib
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from apps.products import operations
from apps.products.models import BoughtOrder, Category, Product

BANK = Path(__file__).with_name("reviews.toml")
BY = "demo"  # who decides about them
STARS, WEIGHTS = (5, 4, 3, 2, 1), (46, 30, 13, 7, 4)
PLEASED = 4  # stars, from which on somebody is
APPROVED, REJECTED = 0.82, 0.05  # shares; the rest waits for a decision


def review(*, order_id: UUID, author: str, draw: random.Random) -> int:
    """Have the customer of that order review what was in it, once a product, and staff decide
    about most of that; says how many reviews are new. None come of an order that nobody knows, was
    cancelled or is a guest's."""
    bought = BoughtOrder.objects.filter(order_id=order_id).first()
    if bought is None or bought.customer_id is None or bought.status != "confirmed":
        return 0
    skus = bought.articles.values("sku")
    products = Product.objects.filter(variants__sku__in=skus).distinct().order_by("slug")
    return sum(
        _write(product, customer_id=bought.customer_id, author=author, draw=draw)
        for product in products.select_related("category")
    )


def _write(product: Product, *, customer_id: UUID, author: str, draw: random.Random) -> bool:
    written = operations.write_review(
        customer_id=customer_id, product_id=product.pk, author=author, **_words(product, draw)
    )
    lot, about = draw.random(), written.review.pk
    if lot < APPROVED:
        operations.approve_review(review=about, by=BY)
    elif lot < APPROVED + REJECTED:
        operations.reject_review(review=about, by=BY, reason="About the parcel, not the product.")
    return written.created


def _words(product: Product, draw: random.Random) -> dict[str, Any]:
    [rating] = draw.choices(STARS, WEIGHTS)
    bank = _bank()
    by_stars, about = bank["stars"][str(rating)], bank["about"][_kind(product.category, bank)]
    second = draw.choice(about["good" if rating >= PLEASED else "poor"])
    return {
        "rating": rating,
        "title": draw.choice(by_stars["titles"]),
        "text": f"{draw.choice(by_stars['openings'])} {second}",
    }


def _kind(category: Category, bank: dict[str, Any]) -> str:
    """The nearest department that there are sentences about."""
    while category.slug not in bank["about"] and category.parent:
        category = category.parent
    return category.slug


@cache
def _bank() -> dict[str, Any]:
    return tomllib.loads(BANK.read_text())
