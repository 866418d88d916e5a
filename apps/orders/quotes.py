"""Reading the signed quote that a shopper carries over from the cart, and checking its sums."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core import signing

from apps.orders.countries import name_of
from apps.orders.refusals import QuoteInvalid, QuoteNotYours
from apps.orders.shipping import method_name
from eventbus import payload
from eventbus.errors import Unreadable
from eventbus.schema import decode

SALT = "cart.quote.v1"
ZERO = Decimal("0.00")
TOO_MUCH = Decimal(10) ** 10  # what a column of an amount cannot hold


@payload
class OfferLine:
    """One article, at the price that was shown."""

    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    price_version: int
    discount: Decimal = ZERO  # of the whole line
    tax_rate: Decimal = ZERO  # percent
    tax: Decimal = ZERO  # included in unit_price * quantity - discount

    @property
    def total(self) -> Decimal:
        """Before the discount."""
        return self.unit_price * self.quantity


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
    coupon: str | None = None
    shipping_method: str = ""
    shipping_tax: Decimal = ZERO  # included in shipping

    @property
    def country_name(self) -> str:
        """The country in words."""
        return name_of(self.country)

    @property
    def shipping_name(self) -> str:
        """The way of delivery in words."""
        return method_name(self.shipping_method)


def read_quote(token: str, *, owner: str | None) -> Offer:
    """What was offered to `owner`; an expired offer can be read too.

    Raises QuoteInvalid when none of QUOTE_KEYS signed it or when its sums do not agree to the
    cent, QuoteNotYours when it is another's.
    """
    first, *older = settings.QUOTE_KEYS
    try:
        data = signing.loads(token, key=first, fallback_keys=[*older], salt=SALT)
        offer: Offer = decode(Offer, data)
    except (signing.BadSignature, Unreadable) as error:
        raise QuoteInvalid from error
    if not adds_up(offer):
        raise QuoteInvalid
    if offer.owner != owner:
        raise QuoteNotYours
    return offer


def adds_up(offer: Offer) -> bool:
    """Whether every sum of the offer is that of its parts, exactly, and no amount is absurd."""
    lines = offer.lines
    skus = {line.sku for line in lines}
    return (
        0 < len(lines) == len(skus)
        and all(_is_amount(amount) for amount in _amounts(offer))
        and all(_is_whole(line) for line in lines)
        and offer.subtotal == _sum(line.unit_price * line.quantity for line in lines)
        and offer.discount == _sum(line.discount for line in lines)
        and offer.total == offer.subtotal - offer.discount + offer.shipping
        and offer.shipping_tax <= offer.shipping
        and offer.tax == _sum(line.tax for line in offer.lines) + offer.shipping_tax
    )


def _amounts(offer: Offer) -> Iterator[Decimal]:
    yield from (offer.subtotal, offer.discount, offer.shipping, offer.tax, offer.total)
    yield offer.shipping_tax
    for line in offer.lines:
        yield from (line.unit_price, line.discount, line.tax, line.tax_rate)


def _is_amount(amount: Decimal) -> bool:
    return amount.is_finite() and 0 <= amount < TOO_MUCH and amount == round(amount, 2)


def _is_whole(line: OfferLine) -> bool:
    paid = line.unit_price * line.quantity - line.discount
    return line.quantity >= 1 and line.tax <= paid and line.tax_rate <= 100


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
