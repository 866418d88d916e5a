"""How stock looks as JSON."""

from typing import Any

from rest_framework import serializers

from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem
from apps.inventory.operations.stock import MOST_UNITS


class StockItemSerializer(serializers.ModelSerializer):
    available = serializers.IntegerField(read_only=True)

    class Meta:
        model = StockItem
        fields = ("sku", "title", "active", "on_hand", "held", "available", "low_threshold")
        read_only_fields = fields


class LedgerEntrySerializer(serializers.ModelSerializer):
    class Meta:
        model = LedgerEntry
        fields = ("id", "sku", "delta", "kind", "reason", "order_id", "by", "at")
        read_only_fields = fields


class UnitsField(serializers.IntegerField):
    """A JSON integer: neither "3" nor 3.0 nor true counts as 3."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class AdjustmentSerializer(serializers.Serializer):
    delta = UnitsField(min_value=-MOST_UNITS, max_value=MOST_UNITS)
    reason = serializers.CharField(max_length=200)


class ThresholdSerializer(serializers.Serializer):
    always_whole = True  # for the API's description: PATCH, too, needs it
    low_threshold = UnitsField(min_value=0, max_value=MOST_UNITS)


class HoldLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = HoldLine
        fields = ("sku", "quantity")
        read_only_fields = fields


class HoldSerializer(serializers.ModelSerializer):
    lines = HoldLineSerializer(many=True, read_only=True)

    class Meta:
        model = Hold
        fields = ("order_id", "status", "cause", "created_at", "changed_at", "lines")
        read_only_fields = fields
