"""Refusals as problem+json."""

from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail

from apps.orders.refusals import CartBeingOrdered, KeyInFlight, PriceChanged, Refusal

STATUS = {
    "quote_invalid": status.HTTP_400_BAD_REQUEST,
    "country_mismatch": status.HTTP_400_BAD_REQUEST,
    "quote_not_yours": status.HTTP_403_FORBIDDEN,
    "idempotency_key_reused": status.HTTP_422_UNPROCESSABLE_ENTITY,
}


class Refused(APIException):
    """A refusal with what the client needs to go on."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.wait = 1 if isinstance(refusal, KeyInFlight) else None  # seconds, as Retry-After
        self.status_code = STATUS.get(refusal.code, status.HTTP_409_CONFLICT)
        self.detail = {"detail": ErrorDetail(str(refusal), refusal.code)} | _facts(refusal)


class KeyMissing(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = "Send an Idempotency-Key header of 1 to 255 printable ASCII characters."
    default_code = "idempotency_key_missing"


def _facts(refusal: Refusal) -> dict[str, Any]:
    if isinstance(refusal, PriceChanged):
        return {
            "prices": [
                {
                    "sku": new.sku,
                    "quoted": str(new.quoted),
                    "price": str(new.price),
                    "active": new.active,
                }
                for new in refusal.prices
            ]
        }
    if isinstance(refusal, CartBeingOrdered):
        return {"order": {"id": str(refusal.order_id), "number": refusal.number}}
    return {}
