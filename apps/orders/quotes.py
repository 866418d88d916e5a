"""Reading the signed quote that a shopper carries over from the cart."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core import signing

from apps.orders.refusals import QuoteInvalid, QuoteNotYours
from eventbus import payload
from eventbus.errors import Unreadable
from eventbus.schema import decode

SALT = "cart.quote.v1"


@payload
class OfferLine:
    """One article, at the price that was shown."""

    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    price_version: int


@payload
class Offer:
    """The part of the cart's quote that orders reads."""

    owner: str
    cart_id: UUID
    cart_version: int
    lines: tuple[OfferLine, ...]
    subtotal: Decimal
    discount: Decimal
    shipping: Decimal
    tax: Decimal
    total: Decimal
    currency: str
    country: str
    expires_at: datetime


def read_quote(token: str, *, owner: str | None) -> Offer:
    """What was offered to `owner`; an expired offer can be read too.

    Raises QuoteInvalid when none of QUOTE_KEYS signed it, QuoteNotYours when it is another's.
    """
    first, *older = settings.QUOTE_KEYS
    try:
        data = signing.loads(token, key=first, fallback_keys=[*older], salt=SALT)
        offer: Offer = decode(Offer, data)
    except (signing.BadSignature, Unreadable) as error:
        raise QuoteInvalid from error
    if offer.owner != owner:
        raise QuoteNotYours
    return offer
