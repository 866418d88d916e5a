"""Stock for staff's programs. Shoppers learn what is available from the catalogue."""

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response

from apps.inventory import operations, queries
from apps.inventory.api.pages import BySku, NewestFirst
from apps.inventory.api.serializers import (
    AdjustmentSerializer,
    LedgerEntrySerializer,
    StockItemSerializer,
)
from apps.inventory.models import LedgerEntry


class Conflict(APIException):
    """The stock as it is does not allow that."""

    status_code = status.HTTP_409_CONFLICT


class StockList(ListAPIView):
    """Every article's units, in SKU order."""

    permission_classes = (IsAdminUser,)
    pagination_class = BySku
    serializer_class = StockItemSerializer
    queryset = queries.stock_levels()


class StockDetail(RetrieveAPIView):
    """One article's units."""

    permission_classes = (IsAdminUser,)
    serializer_class = StockItemSerializer
    queryset = queries.stock_levels()
    lookup_field = "sku"


class Adjustments(ListAPIView):
    """The article's ledger, the newest first."""

    permission_classes = (IsAdminUser,)
    pagination_class = NewestFirst
    serializer_class = LedgerEntrySerializer

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        if queries.stock_item(self.kwargs["sku"]) is None:
            raise NotFound
        return queries.ledger_of(self.kwargs["sku"])

    @extend_schema(
        request=AdjustmentSerializer,
        responses={
            201: LedgerEntrySerializer,
            409: OpenApiResponse(description="The stock as it is does not allow that."),
        },
    )
    def post(self, request: Request, sku: str) -> Response:
        """Add or take off units, with a reason."""
        wanted = AdjustmentSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        try:
            entry = operations.adjust_stock(
                sku=sku, by=f"user:{request.user.pk}", **wanted.validated_data
            )
        except operations.UnknownSku:
            raise NotFound from None
        except operations.NoChange as refusal:
            raise ValidationError({"delta": [str(refusal)]}) from refusal
        except operations.StockRefused as refusal:
            raise Conflict(str(refusal), code=refusal.code) from refusal
        return Response(LedgerEntrySerializer(entry).data, status=status.HTTP_201_CREATED)
