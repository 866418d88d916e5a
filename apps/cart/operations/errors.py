"""Why a change to a cart, or an offer for it, is refused. The docstring is the message."""

from decimal import Decimal

from django.template import Context, Template

from apps.cart import queries

MINIMUM = "This coupon needs articles for {{ minimum|money }} or more: {{ missing|money }} to go."


class NotSold(ValueError):
    """There is no such article for sale."""


class SoldOut(ValueError):
    """It is sold out."""


class BadQuantity(ValueError):
    """A cart takes 1 to 99 of an article."""


class CartFull(ValueError):
    """A cart takes up to 100 different articles."""


class NotInCart(LookupError):
    """The article is not in the cart."""


class EmptyCart(ValueError):
    """The cart is empty."""


class CartChanged(ValueError):
    """Prices or stock have changed since the cart was filled; that has to be accepted first."""

    def __init__(self, cart: queries.Contents) -> None:
        super().__init__(", ".join(change.title for change in cart.changes))
        self.cart = cart  # as it is now


class CouponRefused(ValueError):
    """This coupon cannot be used."""

    code = "coupon_refused"

    def __str__(self) -> str:
        return self.__doc__ or ""


class CouponUnknown(CouponRefused):
    """There is no such coupon."""

    code = "coupon_unknown"


class CouponNotStarted(CouponRefused):
    """This coupon is not valid yet."""

    code = "coupon_not_started"


class CouponExpired(CouponRefused):
    """This coupon has expired."""

    code = "coupon_expired"


class CouponUsedUp(CouponRefused):
    """This coupon has been used up."""

    code = "coupon_used_up"


class CouponUsedByYou(CouponRefused):
    """You have used this coupon already."""

    code = "coupon_used_by_you"


class CouponMinimum(CouponRefused):
    """This coupon needs a larger order."""

    code = "coupon_minimum"

    def __init__(self, *, minimum: Decimal, missing: Decimal) -> None:
        super().__init__()
        self.minimum = minimum  # subtotal, in SHOP_CURRENCY
        self.missing = missing

    def __str__(self) -> str:
        sums = {"minimum": self.minimum, "missing": self.missing}
        return Template(MINIMUM).render(Context(sums))
