"""Every write of the cart context. Each verb is a function, each raises the cart's version."""

from apps.cart.operations.errors import (
    BadQuantity,
    EmptyCart,
    NotInCart,
    NotSold,
    SoldOut,
    Unavailable,
)
from apps.cart.operations.filling import Put, add_line, claim_carts, remove_line, set_quantity
from apps.cart.operations.knowing import record_article, record_stock
from apps.cart.operations.outcomes import record_order, settle_order
from apps.cart.operations.quoting import SignedQuote, make_quote

__all__ = [
    "BadQuantity",
    "EmptyCart",
    "NotInCart",
    "NotSold",
    "Put",
    "SignedQuote",
    "SoldOut",
    "Unavailable",
    "add_line",
    "claim_carts",
    "make_quote",
    "record_article",
    "record_order",
    "record_stock",
    "remove_line",
    "set_quantity",
    "settle_order",
]
