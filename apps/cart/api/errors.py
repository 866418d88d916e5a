"""The cart's refusals as the API says them."""

from collections.abc import Iterator
from contextlib import contextmanager

from rest_framework.exceptions import APIException, ErrorDetail, NotFound, ValidationError

from apps.cart import operations
from apps.cart.api.serializers import line_json


class SoldOut(APIException):
    status_code = 409
    default_code = "sold_out"
    default_detail = "The article is sold out."


class EmptyCart(APIException):
    status_code = 409
    default_code = "cart_empty"
    default_detail = "The cart is empty."


class LinesUnavailable(APIException):
    """Carries the lines, each with its `problem`."""

    status_code = 409
    default_code = "lines_unavailable"

    def __init__(self, refusal: operations.Unavailable) -> None:
        text = "Some articles in the cart cannot be bought as they are."
        self.detail = {  # DRF would make text of the numbers
            "detail": ErrorDetail(text, self.default_code),
            "lines": [line_json(line) for line in refusal.lines],
        }


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
    except operations.EmptyCart:
        raise EmptyCart from None
    except operations.Unavailable as refusal:
        raise LinesUnavailable(refusal) from None
