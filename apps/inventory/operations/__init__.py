"""Every write of the inventory.

Lock order, everywhere: the stock rows first, in SKU order, then the holds. So two orders that
want the same articles never wait for each other in a circle.
"""

from apps.inventory.operations.holds import NotHeld, commit_hold, release_hold, reserve_stock
from apps.inventory.operations.stock import (
    MoreThanAvailable,
    NoChange,
    NoReason,
    StockRefused,
    TooManyUnits,
    UnknownSku,
    adjust_stock,
    announce_levels,
    learn_article,
    set_low_threshold,
)

__all__ = [
    "MoreThanAvailable",
    "NoChange",
    "NoReason",
    "NotHeld",
    "StockRefused",
    "TooManyUnits",
    "UnknownSku",
    "adjust_stock",
    "announce_levels",
    "commit_hold",
    "learn_article",
    "release_hold",
    "reserve_stock",
    "set_low_threshold",
]
