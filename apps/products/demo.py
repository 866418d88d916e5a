"""The demo catalogue: `catalogue.toml`, taken in through the operations like any other."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.products import operations

CATALOGUE = Path(__file__).with_name("catalogue.toml")


def load() -> dict[str, int]:
    """Bring the catalogue to what the file says and say how much of each SKU there is at first.

    A second run changes and announces nothing; after the file has changed, only what is new.
    What the file does not name is left alone.
    """
    catalogue = tomllib.loads(CATALOGUE.read_text())
    for position, category in enumerate(catalogue["categories"]):
        operations.save_category(position=position, **category)
    stock: dict[str, int] = {}
    for product in catalogue["products"]:
        stock |= _take_in(**product)
    return stock


def _take_in(*, slug: str, variants: list[dict[str, Any]], **product: Any) -> dict[str, int]:
    operations.save_product(slug=slug, **product)
    for variant in variants:
        operations.save_variant(
            sku=variant["sku"],
            product=slug,
            price=Decimal(variant["price"]),
            picture=variant["picture"],
            option=variant.get("option", ""),
        )
    return {variant["sku"]: variant["stock"] for variant in variants}
