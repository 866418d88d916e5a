"""The cart's refusals as the API says them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from rest_framework.exceptions import (
    APIException,
    ErrorDetail,
    NotFound,
    Throttled,
    ValidationError,
)

from apps.cart import operations
from apps.cart.api.serializers import changes_json
from apps.cart.models import MOST_LINES
from apps.cart.tries import TooManyTries


class SoldOut(APIException):
    status_code = 409
    default_code = "sold_out"
    default_detail = "The article is sold out."


class CartFull(APIException):
    status_code = 409
    default_code = "cart_full"
    default_detail = f"A cart takes up to {MOST_LINES} different articles."


class EmptyCart(APIException):
    status_code = 409
    default_code = "cart_empty"
    default_detail = "The cart is empty."


class CartChanged(APIException):
    """Carries the changes, and the `changes_id` to accept them by."""

    status_code = 409
    default_code = "cart_changed"

    def __init__(self, refusal: operations.CartChanged) -> None:
        text = "Prices or stock have changed. POST cart/accept/ with this changes_id to agree."
        self.detail = _detail(text, self.default_code, changes_json(refusal.cart))


class CouponRefused(APIException):
    """Its code says why; "coupon_minimum" carries the `minimum` and how much is `missing`."""

    status_code = 422

    def __init__(self, refusal: operations.CouponRefused) -> None:
        more: dict[str, Any] = {}
        if isinstance(refusal, operations.CouponMinimum):
            more = {
                "minimum": str(refusal.minimum),
                "missing": str(refusal.missing),
                "currency": settings.SHOP_CURRENCY,
            }
        self.detail = _detail(str(refusal), refusal.code, more)


@contextmanager
def refusals() -> Iterator[None]:
    """Say refusals of the operations in DRF's words."""
    try:
        yield
    except operations.NotSold:
        raise ValidationError({"sku": ["There is no such article for sale."]}) from None
    except operations.NotInCart:
        raise NotFound("The article is not in the cart.") from None
    except operations.SoldOut:
        raise SoldOut from None
    except operations.CartFull:
        raise CartFull from None
    except operations.EmptyCart:
        raise EmptyCart from None
    except operations.CartChanged as refusal:
        raise CartChanged(refusal) from None
    except operations.CouponRefused as refusal:
        raise CouponRefused(refusal) from None
    except TooManyTries as refusal:
        raise Throttled(refusal.wait, str(refusal)) from None


def _detail(text: str, code: str, more: dict[str, Any]) -> Any:
    """As it is: DRF would make text of the numbers."""
    return {"detail": ErrorDetail(text, code), **more}
