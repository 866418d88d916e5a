"""What lists can be narrowed down by: the fields of the view's serializer, in the query string."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from apps.inventory.models import Hold, LedgerEntry


class StockFilter(serializers.Serializer):
    """Which articles."""

    text = serializers.CharField(required=False, help_text="In the SKU or the title.")
    active = serializers.BooleanField(required=False, help_text="Still sold.")
    low = serializers.BooleanField(required=False, help_text="At or below its threshold.")


class KindFilter(serializers.Serializer):
    """Which changes of one article."""

    kind = serializers.ChoiceField(LedgerEntry.Kind.choices, required=False)


class LedgerFilter(KindFilter):
    """Which changes of all articles."""

    sku = serializers.CharField(required=False)
    order_id = serializers.UUIDField(required=False)
    by = serializers.CharField(required=False, help_text="Who made it, as user:7 or orders.")


class HoldFilter(serializers.Serializer):
    """Which orders' claims."""

    status = serializers.ChoiceField(Hold.Status.choices, required=False)
    order_id = serializers.UUIDField(required=False)
    sku = serializers.CharField(required=False)


class Narrowed(BaseFilterBackend):
    """Passes what the query string wants to the view's `narrowed`; 400 for what cannot be."""

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> QuerySet:
        wanted = view.filter_class(data=request.query_params.dict())
        wanted.is_valid(raise_exception=True)
        narrowed: QuerySet = view.narrowed(**wanted.validated_data)
        return narrowed

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """For the API's description."""
        fields = view.filter_class().fields.items()  # type: ignore[attr-defined]
        return [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": str(field.help_text or ""),
                "schema": _schema(field),
            }
            for name, field in fields
        ]


def _schema(field: serializers.Field) -> dict[str, Any]:
    if isinstance(field, serializers.BooleanField):
        return {"type": "boolean"}
    if isinstance(field, serializers.ChoiceField):
        return {"type": "string", "enum": list(field.choices)}
    if isinstance(field, serializers.UUIDField):
        return {"type": "string", "format": "uuid"}
    return {"type": "string"}
