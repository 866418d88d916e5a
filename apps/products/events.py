"""What the products context tells the world. Fields are only ever added; see docs/events.md."""

from decimal import Decimal
from uuid import UUID

from eventbus import Personal, event


@event("products.changed", version=1, state=True)
class ProductChanged:
    """The current state of one article (a variant). Readers keep the highest version."""

    product_id: UUID
    sku: str
    title: str  # of the product and its variant
    price: Decimal  # tax included
    currency: str  # ISO 4217
    version: int
    picture: str  # path of its picture
    url: str  # path of its page
    active: bool  # False: no longer sold
    tax_class: str = "standard"  # or "reduced"; the rates are the cart's
    regular_price: Decimal | None = None  # outside the sale that lowers `price`; null: no sale
    picture_alt: str = ""  # what the picture shows, in words


@event("products.back_in_stock", version=1, subject="subject")
class BackInStock:
    """An article that was sold out can be bought, and somebody asked to be told: once."""

    waiting_id: UUID
    sku: str
    title: str  # of the product and its variant
    url: str  # absolute; of the article's page
    subject: str  # the customer's id, or a keyed hash of the e-mail
    email: Personal[str]
    leave_url: Personal[str]  # absolute; ends all that the subject still waits for


@event("products.sale_began", version=1, private=True)
class SaleBegan:
    """The time has come from which a price list holds (scheduled when it is saved)."""

    price_list: UUID
    revision: int  # of the list, when this was scheduled


@event("products.sale_ended", version=1, private=True)
class SaleEnded:
    """The time has come until which a price list held (scheduled when it is saved)."""

    price_list: UUID
    revision: int  # of the list, when this was scheduled
