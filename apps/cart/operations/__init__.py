"""Every write of the cart context. Each verb is a function, each raises the cart's version."""

from apps.cart.operations.again import Again, Missing, add_again
from apps.cart.operations.agreeing import (
    accept_changes,
    apply_coupon,
    make_quote_with,
    remove_coupon,
)
from apps.cart.operations.claiming import claim_carts
from apps.cart.operations.coupons import save_coupon
from apps.cart.operations.errors import (
    BadQuantity,
    CartChanged,
    CartFull,
    CouponMinimum,
    CouponRefused,
    CouponUnknown,
    EmptyCart,
    NotInCart,
    NotSold,
    SoldOut,
)
from apps.cart.operations.expiring import expire_cart
from apps.cart.operations.filling import (
    Put,
    TakenOut,
    add_line,
    put_back,
    remove_line,
    set_quantity,
)
from apps.cart.operations.knowing import record_articles, record_stock
from apps.cart.operations.outcomes import record_orders, settle_orders
from apps.cart.operations.quoting import SignedQuote, make_quote, make_quotes

__all__ = [
    "Again",
    "BadQuantity",
    "CartChanged",
    "CartFull",
    "CouponMinimum",
    "CouponRefused",
    "CouponUnknown",
    "EmptyCart",
    "Missing",
    "NotInCart",
    "NotSold",
    "Put",
    "SignedQuote",
    "SoldOut",
    "TakenOut",
    "accept_changes",
    "add_again",
    "add_line",
    "apply_coupon",
    "claim_carts",
    "expire_cart",
    "make_quote",
    "make_quote_with",
    "make_quotes",
    "put_back",
    "record_articles",
    "record_orders",
    "record_stock",
    "remove_coupon",
    "remove_line",
    "save_coupon",
    "set_quantity",
    "settle_orders",
]
