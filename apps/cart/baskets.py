"""Arithmetic of what is in carts: articles, how many, and the price that was seen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    quantity: int  # units, 1 or more
    seen_price: Decimal


type Basket = Mapping[str, Item]  # by SKU


def poured(*baskets: Basket) -> Basket:
    """All of them in one: quantities summed, the price of the first."""
    whole: dict[str, Item] = {}
    for basket in baskets:
        for sku, item in basket.items():
            had = whole.get(sku, replace(item, quantity=0))
            whole[sku] = replace(had, quantity=had.quantity + item.quantity)
    return whole


def left(pool: Basket, taken: Basket) -> Basket:
    """What remains of the pool; what was taken beyond it is nobody's loss."""
    rest = {
        sku: item.quantity - (taken[sku].quantity if sku in taken else 0)
        for sku, item in pool.items()
    }
    return {sku: replace(pool[sku], quantity=units) for sku, units in rest.items() if units > 0}


def capped(basket: Basket, most: Mapping[str, int], at_most: int) -> Basket:
    """With no more of an article than `most` says of it, and never more than `at_most`."""
    return {
        sku: replace(item, quantity=min(item.quantity, most.get(sku, at_most), at_most))
        for sku, item in basket.items()
    }
