"""What the cart context tells the world: the signed quote, a document that the shopper carries. And
what it tells itself."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from eventbus import document, event, payload


@payload
class QuoteLine:
    """One article in the cart, at the price that was shown."""

    sku: str
    title: str
    quantity: int  # units, 1 or more
    unit_price: Decimal  # tax included
    price_version: int  # the version of products.changed that the price is from
    discount: Decimal = Decimal("0.00")  # of the whole line: its share of the quote's discount
    tax_rate: Decimal = Decimal("0.00")  # percent
    tax: Decimal = Decimal("0.00")  # included in unit_price * quantity - discount


@document("cart.quote", version=1)
class Quote:
    """An offer that orders accepts until it expires. Travels signed by QUOTE_KEYS."""

    owner: str  # "user:<id>" or "cart:<sha256 of the cart token>"
    cart_id: UUID
    cart_version: int
    lines: tuple[QuoteLine, ...]  # one a SKU, never empty
    subtotal: Decimal
    discount: Decimal  # 0 or more, taken off
    shipping: Decimal
    shipping_method: str
    tax: Decimal  # included in the total
    total: Decimal  # subtotal - discount + shipping
    currency: str  # ISO 4217
    country: str  # ISO 3166-1 alpha-2, that tax and shipping were computed for
    expires_at: datetime
    coupon: str | None = None  # the code that gives the discount; one use of it is held
    shipping_tax: Decimal = Decimal("0.00")  # included in shipping, and counted in tax


@event("cart.expired", version=1, private=True)
class CartExpired:
    """Nobody has changed the cart for so long that it goes (scheduled; guarded by `changed_at`)."""

    cart_id: UUID
    changed_at: datetime  # when it was last changed, as known when this was scheduled
