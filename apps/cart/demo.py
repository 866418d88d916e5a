"""Two coupons to try the shop with."""

from dataclasses import dataclass
from decimal import Decimal

from apps.cart.models import Coupon
from apps.cart.operations import save_coupon


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
