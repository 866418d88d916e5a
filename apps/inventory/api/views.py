"""Stock for staff's programs. Shoppers learn what is available from the catalogue."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from apps.inventory import operations, queries
from apps.inventory.api.filters import HoldFilter, KindFilter, LedgerFilter, Narrowed, StockFilter
from apps.inventory.api.pages import BySku, NewestFirst
from apps.inventory.api.serializers import (
    AdjustmentSerializer,
    HoldSerializer,
    LedgerEntrySerializer,
    StockItemSerializer,
    ThresholdSerializer,
)
from apps.inventory.models import Hold, LedgerEntry, StockItem


class Conflict(APIException):
    """The stock as it is does not allow that."""

    status_code = status.HTTP_409_CONFLICT


class KeyReused(APIException):
    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY


class NoKey(APIException):
    status_code = status.HTTP_400_BAD_REQUEST
    default_detail = "An Idempotency-Key header has 1 to 255 printable ASCII characters."
    default_code = "idempotency_key_missing"


KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters, new for each adjustment: sent again with the"
    " same body, the answer is the same and no units move; with another body, 422.",
)
REPLAYED = OpenApiParameter("Idempotent-Replayed", bool, OpenApiParameter.HEADER, response=[201])


class ForStaff(ListAPIView):
    """A long list, a page at a time, narrowed down by what `filter_class` names."""

    permission_classes = (IsAdminUser,)
    filter_backends = (Narrowed,)
    filter_class: type[Serializer]

    def narrowed(self, **wanted: Any) -> QuerySet:
        """The rows that are wanted."""
        raise NotImplementedError

    def get_queryset(self) -> QuerySet:
        return self.narrowed()


class StockList(ForStaff):
    """Every article's units, in SKU order."""

    pagination_class = BySku
    serializer_class = StockItemSerializer
    filter_class = StockFilter

    def narrowed(self, **wanted: Any) -> QuerySet[StockItem]:
        return queries.stock_levels(**wanted)


class StockDetail(RetrieveAPIView):
    """One article's units."""

    permission_classes = (IsAdminUser,)
    serializer_class = StockItemSerializer
    queryset = queries.stock_levels()
    lookup_field = "sku"

    @extend_schema(request=ThresholdSerializer, responses=StockItemSerializer)
    def patch(self, request: Request, sku: str) -> Response:
        """Move the threshold of low stock, which is all that is not changed by adjustments."""
        wanted = ThresholdSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            operations.set_low_threshold(sku=sku, threshold=wanted.validated_data["low_threshold"])
        except operations.UnknownSku:
            raise NotFound from None
        return self.retrieve(request, sku=sku)


class Ledger(ForStaff):
    """Why the units on hand of all articles changed, the newest first."""

    pagination_class = NewestFirst
    serializer_class = LedgerEntrySerializer
    filter_class = LedgerFilter

    def narrowed(self, **wanted: Any) -> QuerySet[LedgerEntry]:
        return queries.ledger(**wanted)


class Holds(ForStaff):
    """What orders hold, have bought or have given back, the newest first."""

    pagination_class = NewestFirst
    serializer_class = HoldSerializer
    filter_class = HoldFilter

    def narrowed(self, **wanted: Any) -> QuerySet[Hold]:
        return queries.holds(**wanted)


class Adjustments(ForStaff):
    """The article's ledger, the newest first."""

    pagination_class = NewestFirst
    serializer_class = LedgerEntrySerializer
    filter_class = KindFilter

    def narrowed(self, **wanted: Any) -> QuerySet[LedgerEntry]:
        if queries.stock_item(self.kwargs["sku"]) is None:
            raise NotFound
        return queries.ledger(sku=self.kwargs["sku"], **wanted)

    @extend_schema(
        request=AdjustmentSerializer,
        responses={
            201: LedgerEntrySerializer,
            409: OpenApiResponse(description="The stock as it is does not allow that."),
            422: OpenApiResponse(description="The key came with another body before."),
        },
        parameters=[KEY, REPLAYED],
    )
    def post(self, request: Request, sku: str) -> Response:
        """Add or take off units, with a reason."""
        wanted = AdjustmentSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        adjusted = _adjusted(request, sku, wanted.validated_data)
        body = LedgerEntrySerializer(adjusted.entry).data
        headers = {"Idempotent-Replayed": "true"} if adjusted.replayed else None
        return Response(body, status=status.HTTP_201_CREATED, headers=headers)


def _adjusted(request: Request, sku: str, wanted: dict[str, Any]) -> operations.Adjusted:
    key, by = _key(request), f"user:{request.user.pk}"
    try:
        if key is not None:
            return operations.adjust_stock_once(sku=sku, by=by, key=key, **wanted)
        entry = operations.adjust_stock(sku=sku, by=by, **wanted)
        return operations.Adjusted(entry, replayed=False)
    except operations.UnknownSku:
        raise NotFound from None
    except operations.NoChange as refusal:
        raise ValidationError({"delta": [str(refusal)]}) from refusal
    except operations.KeyReused as refusal:
        raise KeyReused(str(refusal), code=refusal.code) from refusal
    except operations.StockRefused as refusal:
        raise Conflict(str(refusal), code=refusal.code) from refusal


def _key(request: Request) -> str | None:
    """The key that was sent; None where there is none."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise NoKey
    return key
