"""The offer that a shopper carries from the cart to the checkout."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.utils import timezone

from apps.cart import pricing, queries
from apps.cart.events import Quote, QuoteLine
from apps.cart.operations import coupons
from apps.cart.operations.errors import CartChanged, EmptyCart
from apps.cart.rates import COUNTRIES
from eventbus.schema import encode

QUOTE_SALT = "cart.quote.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedQuote:
    """An offer, and the token of it that orders accepts."""

    quote: Quote
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where the parcel is to go, and how."""

    country: str
    shipping_method: str


def make_quote(
    *,
    owner: str | None,
    country: str,
    shipping_method: str,
    cart: queries.Contents | None = None,
) -> SignedQuote:
    """A signed offer for what is in the owner's open cart (`cart`, where it was just read), good for QUOTE_LIFETIME. An unchanged
    cart is quoted under the same version again, and a version makes one order ever. With a coupon
    in the cart, one use of it is held for as long as the offer can still be ordered; without one
    nothing is written.

    Raises EmptyCart, CartChanged when prices or stock have changed and that was not accepted, and
    CouponRefused; KeyError and ValueError for a country and a method that we do not send to or by.
    Nothing is then held.
    """
    cart = queries.contents(owner) if cart is None else cart
    [signed] = _signed_quotes(owner, cart, country, [shipping_method])
    return signed


def make_quotes(*, owner: str | None, country: str) -> list[SignedQuote]:
    """An offer for each method that is offered in the country, the usual one first, of one and the
    same version of the cart: together they hold one use of its coupon. Raises as make_quote does.
    """
    methods = [method.value for method in COUNTRIES[country].methods]
    return _signed_quotes(owner, queries.contents(owner), country, methods)


def _signed_quotes(
    owner: str | None, cart: queries.Contents, country: str, methods: Iterable[str]
) -> list[SignedQuote]:
    deliveries = [Delivery(country=country, shipping_method=method) for method in methods]
    if owner is None or cart.cart_id is None:
        raise EmptyCart
    if cart.changes:
        raise CartChanged(cart)
    if cart.coupon:
        quotes = _discounted(owner, cart, cart.cart_id, deliveries)
    else:
        quotes = [_quote(owner, cart, cart.cart_id, delivery) for delivery in deliveries]
    return [SignedQuote(quote=quote, token=_sign(quote)) for quote in quotes]


def _sign(quote: Quote) -> str:
    key = settings.QUOTE_KEYS[0]
    return signing.dumps(encode(quote), key=key, salt=QUOTE_SALT, compress=True)


@transaction.atomic
def _discounted(
    owner: str, cart: queries.Contents, cart_id: UUID, deliveries: Iterable[Delivery]
) -> list[Quote]:
    coupon = coupons.locked_coupon(
        cart.coupon, owner=owner, cart_id=cart_id, subtotal=cart.subtotal
    )
    discount = coupons.discount_of(coupon, cart.subtotal)
    quotes = [
        _quote(owner, cart, cart_id, delivery, discount=discount, coupon=coupon.code)
        for delivery in deliveries
    ]
    until = max(quote.expires_at for quote in quotes) + coupons.GRACE
    coupons.hold_use(coupon, owner=owner, cart_id=cart_id, version=cart.version, until=until)
    return quotes


def _quote(
    owner: str,
    cart: queries.Contents,
    cart_id: UUID,
    delivery: Delivery,
    *,
    discount: Decimal = pricing.NOTHING,
    coupon: str | None = None,
) -> Quote:
    goods = [_goods(line) for line in cart.lines]
    sums = pricing.totals(
        goods, country=delivery.country, method=delivery.shipping_method, discount=discount
    )
    return Quote(
        owner=owner,
        cart_id=cart_id,
        cart_version=cart.version,
        lines=tuple(_quote_line(*pair) for pair in zip(cart.lines, sums.shares, strict=True)),
        subtotal=sums.subtotal,
        discount=sums.discount,
        shipping=sums.shipping,
        shipping_method=delivery.shipping_method,
        tax=sums.tax,
        total=sums.total,
        currency=settings.SHOP_CURRENCY,
        country=delivery.country,
        expires_at=timezone.now() + settings.QUOTE_LIFETIME,
        coupon=coupon,
        shipping_tax=sums.shipping_tax,
    )


def _goods(line: queries.Line) -> pricing.Goods:
    return pricing.Goods(
        unit_price=line.unit_price, quantity=line.quantity, tax_class=line.tax_class
    )


def _quote_line(line: queries.Line, share: pricing.Share) -> QuoteLine:
    return QuoteLine(
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=line.unit_price,
        price_version=line.price_version,
        discount=share.discount,
        tax_rate=share.tax_rate,
        tax=share.tax,
    )
