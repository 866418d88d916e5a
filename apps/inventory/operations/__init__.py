"""Every write of the inventory.

Lock order, everywhere: the stock rows first, in SKU order, then the holds, in the order of their
orders' ids. So two batches that want the same articles never wait for each other in a circle.
"""

from apps.inventory.operations.book import NotHeld
from apps.inventory.operations.holds import (
    BadQuantity,
    commit_holds,
    release_holds,
    reserve_stock,
)
from apps.inventory.operations.once import Adjusted, KeyReused, adjust_stock_once
from apps.inventory.operations.stock import (
    MoreThanAvailable,
    NoChange,
    NoReason,
    StockRefused,
    TooManyUnits,
    UnknownSku,
    adjust_stock,
    announce_levels,
    learn_articles,
    set_low_threshold,
)

__all__ = [
    "Adjusted",
    "BadQuantity",
    "KeyReused",
    "MoreThanAvailable",
    "NoChange",
    "NoReason",
    "NotHeld",
    "StockRefused",
    "TooManyUnits",
    "UnknownSku",
    "adjust_stock",
    "adjust_stock_once",
    "announce_levels",
    "commit_holds",
    "learn_articles",
    "release_holds",
    "reserve_stock",
    "set_low_threshold",
]
