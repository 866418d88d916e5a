"""Refunds for staff's programs: what has gone back of an order's payment, and giving more back."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.payments import operations, queries
from apps.payments.api.serializers import (
    LedgerSerializer,
    RefundSerializer,
    WantedRefundSerializer,
)
from apps.payments.models import Refund

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="1 to 255 printable ASCII characters, new for each refund: sent again with the same"
    " body, the refund is the same and nothing more goes back; with another body, 422.",
)
REPLAYED = OpenApiParameter("Idempotent-Replayed", bool, OpenApiParameter.HEADER, response=[201])


class MayRefund(BasePermission):
    """Staff who have the permission "refund payment", as in the admin."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        allowed = user.is_superuser or user.has_perm("payments.refund_payment")
        return bool(user.is_authenticated and user.is_staff and allowed)


class KeyMissing(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = "Send an Idempotency-Key header of 1 to 255 printable ASCII characters."
    default_code = "idempotency_key_missing"


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class Conflict(APIException):
    """The payment as it is does not allow that."""

    status_code = status.HTTP_409_CONFLICT


class RefundsView(APIView):
    """What an order has paid, and what of it went back."""

    permission_classes = (MayRefund,)

    @extend_schema(responses=LedgerSerializer)
    def get(self, request: Request, order_id: UUID) -> Response:
        payment = queries.payment_of(order_id)
        if payment is None:
            raise NotFound
        return Response(LedgerSerializer(payment).data)

    @extend_schema(
        request=WantedRefundSerializer,
        responses={
            201: RefundSerializer,
            409: OpenApiResponse(description="That much is not left."),
            422: OpenApiResponse(description="The key came with another body before."),
        },
        parameters=[KEY, REPLAYED],
    )
    def post(self, request: Request, order_id: UUID) -> Response:
        """Give back some of what an order paid.

        201 with the refund, which the gateway is asked for next; the same key and body again
        give the same refund. 409 when that much is not left."""
        key = _idempotency_key(request)
        wanted = WantedRefundSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        known = queries.refunds_of(order_id).filter(request_key=key).exists()
        refund = _refund(request, order_id, key, wanted.validated_data)
        response = Response(RefundSerializer(refund).data, status=status.HTTP_201_CREATED)
        if known:
            response["Idempotent-Replayed"] = "true"
        return response


def _refund(request: Request, order_id: UUID, key: str, wanted: dict[str, Any]) -> Refund:
    by = f"user:{request.user.pk}"
    try:
        return operations.refund_payment(order_id=order_id, by=by, key=key, **wanted)
    except operations.UnknownPayment:
        raise NotFound from None
    except operations.NotAnAmount as refusal:
        raise ValidationError({"amount": [str(refusal)]}) from None
    except operations.KeyReused as refusal:
        raise KeyReused(str(refusal), code=refusal.code) from None
    except operations.RefundRefused as refusal:
        raise Conflict(str(refusal), code=refusal.code) from None


def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise KeyMissing
    return str(key)
