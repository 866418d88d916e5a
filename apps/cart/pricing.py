"""What a cart costs: pure arithmetic, exact to the cent. Prices include tax."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from apps.cart.rates import COUNTRIES, FREE_STANDARD_OVER, Method

CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """In SHOP_CURRENCY."""

    subtotal: Decimal
    discount: Decimal  # 0 or more, taken off
    shipping: Decimal
    tax: Decimal  # included in the total
    total: Decimal  # subtotal - discount + shipping


def totals(lines: Sequence[tuple[Decimal, int]], *, country: str, method: str) -> Totals:
    """Of lines of (unit price, quantity), sent to `country` by `method`.

    Tax is rounded half up to the cent per line, the parcel being one, and then summed.
    Raises KeyError and ValueError for a country and a method that we do not send to or by.
    """
    there = COUNTRIES[country]
    amounts = [price * quantity for price, quantity in lines]
    subtotal = sum(amounts, Decimal("0.00"))
    shipping = _shipping(subtotal, country=country, method=Method(method))
    return Totals(
        subtotal=subtotal,
        discount=Decimal("0.00"),
        shipping=shipping,
        tax=sum((tax_in(each, there.tax) for each in [*amounts, shipping]), Decimal("0.00")),
        total=subtotal + shipping,
    )


def tax_in(amount: Decimal, percent: Decimal) -> Decimal:
    """The tax that an amount includes: amount × percent / (100 + percent), half up to the cent."""
    return (amount * percent / (100 + percent)).quantize(CENT, ROUND_HALF_UP)


def _shipping(subtotal: Decimal, *, country: str, method: Method) -> Decimal:
    if method is Method.EXPRESS:
        return COUNTRIES[country].express
    return Decimal("0.00") if subtotal > FREE_STANDARD_OVER else COUNTRIES[country].standard
