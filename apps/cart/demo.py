"""Two coupons to try the shop with, and the carts of those who bought before."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from apps.cart import queries
from apps.cart.models import Coupon
from apps.cart.operations import add_line, apply_coupon, make_quote, remove_line, save_coupon


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A code, and what it does in words."""

    code: str
    words: str


def load() -> list[Sample]:
    """Make sure that the demo's coupons exist. Never changes one that does."""
    welcome = Coupon(code="WELCOME10", kind="percent", amount=Decimal(10), customer_limit=1)
    harbour = Coupon(
        code="HARBOUR5", kind="fixed", amount=Decimal(5), minimum=Decimal(40), total_limit=100
    )
    for coupon in (welcome, harbour):
        if not Coupon.objects.filter(pk=coupon.code).exists():
            save_coupon(coupon)
    return [
        Sample(code="WELCOME10", words="10 % off, once a customer"),
        Sample(code="HARBOUR5", words="5.00 off from 40.00 on, 100 times in all"),
    ]


def quote(*, owner: str, units: Mapping[str, int], country: str, coupon: str = "") -> str:
    """Have the units (by SKU), and nothing left over from before, in the owner's cart, and give
    the signed quote of it. Raises what the operations raise: NotSold, CouponRefused and others."""
    for line in queries.contents(owner).lines:
        remove_line(owner=owner, sku=line.sku)
    for sku, number in units.items():
        add_line(owner=owner, sku=sku, quantity=number)
    if coupon:
        apply_coupon(owner=owner, code=coupon)
    return make_quote(owner=owner, country=country, shipping_method="standard").token
