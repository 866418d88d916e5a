"""The demo catalogue: `catalogue.toml`, taken in through the operations like any other."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from apps.products import operations
from apps.products.pictures import CLOSE

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
    for sale in catalogue["sales"]:
        _put_on_sale(**sale)
    return stock


def _take_in(
    *,
    slug: str,
    title: str,
    variants: list[dict[str, Any]],
    options: dict[str, list[str]] | None = None,
    **product: Any,
) -> dict[str, int]:
    operations.save_product(slug=slug, title=title, **product)
    colours = [variant["option"] for variant in variants if "option" in variant]
    axes = options or ({"Colour": colours} if colours else {})
    for position, (name, values) in enumerate(axes.items()):
        operations.save_option(product=slug, name=name, values=values, position=position)
    for variant in variants:
        colour = variant["picture"].partition("-")[2]
        _take_in_variant(slug, list(axes), alt=f"{title} in {colour}", **variant)
    return {variant["sku"]: variant["stock"] for variant in variants}


def _take_in_variant(
    product: str,
    axes: list[str],
    *,
    sku: str,
    price: str,
    picture: str,
    alt: str,
    stock: int,
    option: str = "",
) -> None:
    operations.save_variant(
        sku=sku,
        product=product,
        price=Decimal(price),
        options=dict(zip(axes, option.split(" / "), strict=True)) if axes else {},
        picture=picture,
        picture_alt=alt,
    )
    operations.save_picture(
        product=product, sku=sku, recipe=picture + CLOSE, alt=f"Close view: {alt}", position=1
    )


def _put_on_sale(*, prices: dict[str, str], **sale: Any) -> None:
    row = operations.save_price_list(**sale)
    for sku, price in prices.items():
        operations.set_sale_price(price_list=row.pk, sku=sku, price=Decimal(price))
