"""Placing an order from a signed quote."""

from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction

from apps.orders import queries
from apps.orders.access import customer_of
from apps.orders.models import Order
from apps.orders.operations.beginning import Placed, begin
from apps.orders.quotes import Offer, read_quote
from apps.orders.refusals import CountryMismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the parcel goes."""

    name: str
    line1: str
    line2: str = ""
    city: str
    postcode: str
    country: str  # ISO 3166-1 alpha-2


@transaction.atomic
def place_order(
    *, quote: str, owner: str, email: str, address: Address, payment_method: str
) -> Placed:
    """Record a PENDING order and announce it in the same commit; a used quote gives its order.

    Raises QuoteInvalid, QuoteNotYours, QuoteExpired, CountryMismatch, PriceChanged (with the new
    prices) or CartBeingOrdered (with the live order); then nothing is written or announced.
    """
    offer = read_quote(quote, owner=owner)
    if used := queries.order_of_quote(offer):
        return Placed(order=used, created=False)
    if address.country != offer.country:
        raise CountryMismatch
    queries.ensure_current(offer)
    order = _offered(offer, email=email, address=address, payment_method=payment_method)
    try:
        return Placed(order=begin(order, offer.lines), created=True)
    except IntegrityError:  # another request was faster by a moment
        if used := queries.order_of_quote(offer):
            return Placed(order=used, created=False)
        queries.ensure_no_live_order(offer.cart_id)
        raise


def _offered(offer: Offer, *, email: str, address: Address, payment_method: str) -> Order:
    return Order(
        owner=offer.owner,
        customer_id=customer_of(offer.owner),
        email=email,
        currency=offer.currency,
        subtotal=offer.subtotal,
        discount=offer.discount,
        coupon=offer.coupon or "",
        shipping=offer.shipping,
        shipping_method=offer.shipping_method,
        shipping_tax=offer.shipping_tax,
        tax=offer.tax,
        total=offer.total,
        cart_id=offer.cart_id,
        cart_version=offer.cart_version,
        payment_method=payment_method,
        **asdict(address),
    )
