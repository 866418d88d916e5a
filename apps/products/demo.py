"""The demo catalogue: the files in `catalogue/`, taken in through the operations like any other."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import product as every
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from apps.products import operations
from apps.products.models import Product
from apps.products.operations import Article, NewProduct
from apps.products.pictures import CLOSE, PAIR
from apps.products.praise import review

__all__ = ["load", "review"]
CATALOGUE = Path(__file__).with_name("catalogue")
# The part of a SKU that stands for a colour: its first letters, unless they are another's.
CODES = {"Navy": "NVY", "Green": "GRN", "Pink": "PNK", "Cream": "CRM", "Grey": "GRY"}
FEWER = 3  # units, with each step away from the middle size


@transaction.atomic
def load() -> dict[str, int]:
    """Take in what the files say and say how much of each SKU there is at first.

    What is there already is left alone, whatever has become of it since: a second run changes and
    announces nothing.
    """
    parts = [tomllib.loads(file.read_text()) for file in sorted(CATALOGUE.glob("*.toml"))]
    for position, category in enumerate(_all(parts, "categories")):
        operations.save_category(position=position, **category)
    stock: dict[str, int] = {}
    products = [_product(stock, **product) for product in _all(parts, "products")]
    operations.import_products(products=products)
    for sale in _all(parts, "sales"):
        _put_on_sale(**sale)
    return stock


def _all(parts: Sequence[Mapping[str, Any]], what: str) -> Iterator[dict[str, Any]]:
    for part in parts:
        yield from part.get(what, [])


def _product(
    stock: dict[str, int],  # of all SKUs; those of this one come to it
    *,
    variants: Sequence[Mapping[str, Any]] = (),
    options: Mapping[str, list[str]] | None = None,
    tax_class: str = Product.TaxClass.STANDARD,
    slug: str,
    title: str,
    description: str,
    category: str,
    **short: Any,
) -> NewProduct:
    if short:
        options, variants = _at_length(**short)
    colours = [variant["option"] for variant in variants if "option" in variant]
    axes = options or ({"Colour": colours} if colours else {})
    stock |= {variant["sku"]: variant["stock"] for variant in variants}
    return NewProduct(
        slug=slug,
        title=title,
        description=description,
        category=category,
        tax_class=tax_class,
        axes=axes,
        articles=[_article(title, list(axes), **variant) for variant in variants],
    )


def _at_length(
    *, sku: str, price: str, shape: str, colours: dict[str, int], sizes: Sequence[str] = ()
) -> tuple[dict[str, list[str]], list[dict[str, Any]]]:
    """The axes, and each variant by itself, of a product that says them in short."""
    axes = {"Colour": list(colours)} if sizes or len(colours) > 1 else {}
    axes |= {"Size": list(sizes)} if sizes else {}
    variants = []
    for colour, (place, size) in every(colours, enumerate(sizes or [""])):
        code = CODES.get(colour, colour[:3].upper())
        far = abs(place - len(sizes) // 2) if sizes else 0
        variants.append(
            {
                "sku": "-".join([sku, code, *([_code_of(size)] if size else [])]),
                "price": price,
                "picture": f"{shape}-{colour.lower()}",
                "stock": max(0, colours[colour] - FEWER * far),
            }
            | ({"option": " / ".join(filter(None, [colour, size]))} if axes else {})
        )
    return axes, variants


def _code_of(size: str) -> str:
    return "".join(letter for letter in size if letter.isalnum() or letter == "-").upper()


def _article(
    title: str, axes: list[str], *, sku: str, price: str, picture: str, option: str = "", **_: Any
) -> Article:
    colour = picture.partition("-")[2]
    alt = f"{title} in {colour}"
    return Article(
        sku=sku,
        price=Decimal(price),
        options=dict(zip(axes, option.split(" / "), strict=True)) if axes else {},
        pictures={
            picture: alt,
            picture + CLOSE: f"Close view: {alt}",
            picture + PAIR: f"Two beside each other: {alt}",
        },
    )


def _put_on_sale(*, name: str, starts_at: datetime, prices: dict[str, str]) -> None:
    begins = starts_at.replace(tzinfo=ZoneInfo(settings.SHOP_TIME_ZONE))
    row = operations.save_price_list(name=name, starts_at=begins)
    for sku, price in prices.items():
        operations.set_sale_price(price_list=row.pk, sku=sku, price=Decimal(price))
