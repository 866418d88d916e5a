"""What it costs to send a parcel where, and the tax that prices there include. Data, and how it is
looked up; pricing.py computes with it.

Where the numbers are from. Tax: the value added tax of the country that the parcel goes to, as the
European Commission lists it for the member states ("Taxes in Europe Database", 2026) and HM Revenue
& Customs for the United Kingdom. Assumed: we are registered in all of them (One-Stop Shop in the
European Union). "reduced" is the one reduced rate that a country has for food in general; lower
ones for some goods (in Spain, Italy, Sweden), zero rates (in the United Kingdom) and passing cuts are
left out, so ask your tax adviser before you sell what they are for. Denmark has no reduced rate. For
the United States no tax is collected: the buyer pays it on import. Shipping: our
own prices, in SHOP_CURRENCY.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Method(StrEnum):
    """How the goods reach the shopper; `label` is for people."""

    STANDARD = "standard"
    EXPRESS = "express"
    PICKUP = "pickup"  # at our own counter, so only in our own country

    @property
    def label(self) -> str:
        return {"standard": "Standard", "express": "Express", "pickup": "Pick up in Hamburg"}[self]


@dataclass(frozen=True, slots=True)
class Rate:
    """Of one method to one country; tax included."""

    price: Decimal
    free_over: Decimal | None = None  # goods for more than this, after the discount, travel free


@dataclass(frozen=True, slots=True)
class Country:
    name: str
    tax: Mapping[str, Decimal]  # percent by tax class
    methods: Mapping[Method, Rate]  # those that are offered there, the usual one first

    def tax_of(self, tax_class: str) -> Decimal:
        """The percent of a class; a class that is unknown here is taxed in full."""
        return self.tax.get(tax_class, self.tax["standard"])


def _country(
    name: str,
    tax: tuple[str, str],
    *,
    standard: str,
    express: str,
    free_over: str | None,
    pickup: bool = False,
) -> Country:
    methods = {
        Method.STANDARD: Rate(Decimal(standard), Decimal(free_over) if free_over else None),
        Method.EXPRESS: Rate(Decimal(express)),
    }
    if pickup:
        methods[Method.PICKUP] = Rate(Decimal("0.00"))
    full, reduced = tax
    return Country(name, {"standard": Decimal(full), "reduced": Decimal(reduced)}, methods)


COUNTRIES = {
    "DE": _country(
        "Germany", ("19", "7"), standard="4.90", express="12.90", free_over="60.00", pickup=True
    ),
    "AT": _country("Austria", ("20", "10"), standard="6.90", express="14.90", free_over="80.00"),
    "BE": _country("Belgium", ("21", "6"), standard="6.90", express="14.90", free_over="80.00"),
    "DK": _country("Denmark", ("25", "25"), standard="6.90", express="16.90", free_over="80.00"),
    "ES": _country("Spain", ("21", "10"), standard="8.90", express="18.90", free_over="100.00"),
    "FR": _country("France", ("20", "5.5"), standard="6.90", express="16.90", free_over="80.00"),
    "IT": _country("Italy", ("22", "10"), standard="8.90", express="18.90", free_over="100.00"),
    "NL": _country("Netherlands", ("21", "9"), standard="5.90", express="13.90", free_over="80.00"),
    "SE": _country("Sweden", ("25", "12"), standard="8.90", express="18.90", free_over="100.00"),
    "GB": _country("United Kingdom", ("20", "5"), standard="9.90", express="21.90", free_over=None),
    "US": _country("United States", ("0", "0"), standard="14.90", express="34.90", free_over=None),
}
HOME = "DE"  # what is assumed until the shopper says another
