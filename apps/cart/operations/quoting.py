"""The offer that a shopper carries from the cart to the checkout."""

from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils import timezone

from apps.cart import pricing, queries
from apps.cart.events import Quote, QuoteLine
from apps.cart.operations.errors import EmptyCart, Unavailable
from eventbus.schema import encode

QUOTE_SALT = "cart.quote.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedQuote:
    """An offer, and the token of it that orders accepts."""

    quote: Quote
    token: str


def make_quote(*, owner: str | None, country: str, shipping_method: str) -> SignedQuote:
    """A signed offer for what is in the owner's open cart, good for QUOTE_LIFETIME. An unchanged
    cart is quoted under the same version again, and a version makes one order ever.

    Raises EmptyCart, and Unavailable when lines are inactive, sold out or short; KeyError and
    ValueError for a country and a method that we do not send to or by. Writes nothing.
    """
    cart = queries.contents(owner)
    if owner is None or cart.cart_id is None:
        raise EmptyCart
    if cart.problems:
        raise Unavailable(cart.problems)
    quote = _quote(owner, cart, cart.cart_id, country=country, shipping_method=shipping_method)
    key = settings.QUOTE_KEYS[0]
    return SignedQuote(
        quote=quote,
        token=signing.dumps(encode(quote), key=key, salt=QUOTE_SALT, compress=True),
    )


def _quote(
    owner: str, cart: queries.Contents, cart_id: UUID, *, country: str, shipping_method: str
) -> Quote:
    amounts = [(line.unit_price, line.quantity) for line in cart.lines]
    sums = pricing.totals(amounts, country=country, method=shipping_method)
    return Quote(
        owner=owner,
        cart_id=cart_id,
        cart_version=cart.version,
        lines=tuple(_quote_line(line) for line in cart.lines),
        subtotal=sums.subtotal,
        discount=sums.discount,
        shipping=sums.shipping,
        shipping_method=shipping_method,
        tax=sums.tax,
        total=sums.total,
        currency=settings.SHOP_CURRENCY,
        country=country,
        expires_at=timezone.now() + settings.QUOTE_LIFETIME,
    )


def _quote_line(line: queries.Line) -> QuoteLine:
    return QuoteLine(
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=line.unit_price,
        price_version=line.price_version,
    )
