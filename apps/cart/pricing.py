"""What a cart costs: pure arithmetic, exact to the cent. Prices include tax."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from apps.cart.rates import COUNTRIES, Country, Method

CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """One line of what is bought."""

    unit_price: Decimal  # tax included
    quantity: int  # units, 1 or more
    tax_class: str = "standard"

    @property
    def amount(self) -> Decimal:
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one line has of the whole, in SHOP_CURRENCY."""

    discount: Decimal  # of the line, not of a unit
    tax_rate: Decimal  # percent
    tax: Decimal  # included in the line's amount less its discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """In SHOP_CURRENCY."""

    shares: tuple[Share, ...]  # one a line, in the lines' order
    subtotal: Decimal
    discount: Decimal  # 0 to subtotal, taken off
    shipping: Decimal
    shipping_tax: Decimal  # included in shipping
    tax: Decimal  # of the lines and of shipping; included in the total
    total: Decimal  # subtotal - discount + shipping


def totals(
    goods: Sequence[Goods], *, country: str, method: str, discount: Decimal = NOTHING
) -> Totals:
    """What the goods cost, sent to `country` by `method`, `discount` taken off their sum.

    The discount is spread over the lines in proportion to their amounts. Tax is computed on what
    is left of each line, by the line's rate, and on shipping by the standard rate; each is rounded
    half up to the cent, and then they are summed.

    Raises KeyError for a country that we do not send to, ValueError for a method that is not
    offered there and for a discount that is negative or more than the goods cost.
    """
    there = COUNTRIES[country]
    subtotal = sum((line.amount for line in goods), NOTHING)
    if not 0 <= discount <= subtotal:
        raise ValueError(f"A discount of {discount} on {subtotal}")
    parts = spread(discount, [line.amount for line in goods])
    shares = tuple(_share(*pair, there) for pair in zip(goods, parts, strict=True))
    shipping = shipping_to(there, method, goods=subtotal - discount)
    shipping_tax = tax_in(shipping, there.tax_of("standard"))
    return Totals(
        shares=shares,
        subtotal=subtotal,
        discount=discount,
        shipping=shipping,
        shipping_tax=shipping_tax,
        tax=sum((share.tax for share in shares), shipping_tax),
        total=subtotal - discount + shipping,
    )


def percent_off(subtotal: Decimal, percent: Decimal) -> Decimal:
    """So many percent (0 to 100) of the sum, rounded half up to the cent."""
    return (subtotal * percent / 100).quantize(CENT, ROUND_HALF_UP)


def tax_in(amount: Decimal, percent: Decimal) -> Decimal:
    """The tax that an amount includes: amount × percent / (100 + percent), half up to the cent."""
    return (amount * percent / (100 + percent)).quantize(CENT, ROUND_HALF_UP)


def shipping_to(country: Country, method: str, *, goods: Decimal) -> Decimal:
    """What the parcel costs when the goods in it cost `goods`. Raises ValueError for a method that
    is not offered there."""
    rate = country.methods.get(Method(method))
    if rate is None:
        raise ValueError(f"{method} is not offered in {country.name}")
    return NOTHING if rate.free_over is not None and goods > rate.free_over else rate.price


def spread(whole: Decimal, amounts: Sequence[Decimal]) -> list[Decimal]:
    """`whole` in parts that are in proportion to the amounts, in cents, and sum to it exactly.

    Each part is first rounded down; the cents that are then missing go to those that lost most
    (the largest remainders), of equal ones to the first. No part is more than its amount, as
    long as the whole is not more than their sum.
    """
    cents, weights = _cents(whole), [_cents(amount) for amount in amounts]
    if not cents:
        return [NOTHING for _ in amounts]
    split = [divmod(cents * weight, sum(weights)) for weight in weights]
    missing = cents - sum(part for part, _ in split)
    lucky = sorted(range(len(split)), key=lambda place: -split[place][1])[:missing]
    return [(part + (place in lucky)) * CENT for place, (part, _) in enumerate(split)]


def _share(line: Goods, discount: Decimal, country: Country) -> Share:
    rate = country.tax_of(line.tax_class)
    return Share(discount=discount, tax_rate=rate, tax=tax_in(line.amount - discount, rate))


def _cents(amount: Decimal) -> int:
    return int(amount.quantize(CENT) / CENT)
