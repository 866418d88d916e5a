"""What the orders context tells the world. Fields are only ever added; see docs/events.md."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from eventbus import Personal, event, payload


@payload
class Line:
    """One ordered article."""

    sku: str
    title: str
    quantity: int  # units, 1 or more
    unit_price: Decimal  # tax included, in the order's currency
    discount: Decimal = Decimal("0.00")  # of the whole line: its share of the order's discount
    tax: Decimal = Decimal("0.00")  # included in unit_price * quantity - discount


@payload
class MissingLine:
    """An article of which too little was left."""

    sku: str
    title: str
    wanted: int  # units
    available: int  # units, 0 or more


@event("orders.created", version=1, subject="subject")
class OrderCreated:
    """A shopper checked out. Nothing is reserved and nothing is paid yet."""

    order_id: UUID
    number: str  # for people; not in sequence
    placed_at: datetime
    subject: str  # whose personal data this is: the customer's id, or a keyed hash of the e-mail
    owner: str  # "user:<id>" or "cart:<sha256 of the cart token>"; payment methods are bound to it
    customer_id: UUID | None  # null for guests
    email: Personal[str]
    url: Personal[str]  # of the order's page, with the guest's access token; absolute
    currency: str  # ISO 4217
    subtotal: Decimal  # sum of the lines
    discount: Decimal  # 0 or more, taken off
    shipping: Decimal
    tax: Decimal  # included in the total
    total: Decimal  # subtotal - discount + shipping
    lines: tuple[Line, ...]  # one a SKU, never empty
    payment_method: str  # a token of payments'; single use
    cart_id: UUID
    cart_version: int
    retry_of: UUID | None  # the failed order that this one pays again
    pay_before: datetime  # no charge may start later
    coupon: str | None = None  # the code that gave the discount
    shipping_method: str = ""  # of the quote


@event("orders.confirmed", version=1)
class OrderConfirmed:
    """Stock is held and the payment is captured: the order stands."""

    order_id: UUID
    number: str


@event("orders.failed", version=1)
class OrderFailed:
    """The order ended without a sale: held stock is let go, captured money returned."""

    order_id: UUID
    number: str
    reason: str  # "out_of_stock" or "payment_declined"
    message: str  # for the shopper, in plain words
    decline_code: str | None  # of the gateway, when the payment was declined
    missing: tuple[MissingLine, ...]  # empty unless out of stock


@event("orders.cancelled", version=1)
class OrderCancelled:
    """The order was voided. Whatever it holds or has paid goes back."""

    order_id: UUID
    number: str
    by: str  # "customer", "staff" or "timeout"
    reason: str


@event("orders.shipped", version=1)
class OrderShipped:
    """The parcel left."""

    order_id: UUID
    number: str
    carrier: str
    tracking: str


@event("orders.delivered", version=1)
class OrderDelivered:
    """The parcel arrived."""

    order_id: UUID
    number: str


@event("orders.payment_due", version=1, private=True)
class PaymentDue:
    """The time to pay is over (scheduled when the order is placed)."""

    order_id: UUID


@event("orders.sweep_due", version=1, private=True)
class SweepDue:
    """Orders that should have ended by now are looked for (scheduled with the orders)."""

    at: datetime
