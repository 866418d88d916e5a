"""What it costs to send a parcel where, and the tax that prices there include."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

FREE_STANDARD_OVER = Decimal("60.00")  # subtotal in SHOP_CURRENCY


class Method(StrEnum):
    STANDARD = "standard"
    EXPRESS = "express"


@dataclass(frozen=True, slots=True)
class Country:
    """Prices in SHOP_CURRENCY, tax included."""

    name: str
    tax: Decimal  # percent: the standard rate of its value added tax
    standard: Decimal
    express: Decimal


def _country(name: str, tax: str, standard: str, express: str) -> Country:
    return Country(name, Decimal(tax), Decimal(standard), Decimal(express))


# Rates as of 2026. No tax is collected for the United States: the buyer pays it on import.
COUNTRIES = {
    "DE": _country("Germany", "19", "4.90", "12.90"),
    "AT": _country("Austria", "20", "6.90", "14.90"),
    "BE": _country("Belgium", "21", "6.90", "14.90"),
    "DK": _country("Denmark", "25", "6.90", "16.90"),
    "ES": _country("Spain", "21", "8.90", "18.90"),
    "FR": _country("France", "20", "6.90", "16.90"),
    "IT": _country("Italy", "22", "8.90", "18.90"),
    "NL": _country("Netherlands", "21", "5.90", "13.90"),
    "SE": _country("Sweden", "25", "8.90", "18.90"),
    "GB": _country("United Kingdom", "20", "9.90", "21.90"),
    "US": _country("United States", "0", "14.90", "34.90"),
}
