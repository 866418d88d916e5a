"""The catalogue as JSON."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from apps.products.models import Category, Product, Variant


class VariantSerializer(serializers.ModelSerializer[Variant]):
    currency = serializers.SerializerMethodField()
    available = serializers.SerializerMethodField()  # units; null while inventory has not spoken

    class Meta:
        model = Variant
        fields = ["sku", "option", "price", "currency", "available"]

    def get_currency(self, variant: Variant) -> str:
        return str(settings.SHOP_CURRENCY)

    def get_available(self, variant: Variant) -> int | None:
        stock: dict[str, int] = self.context["stock"]
        return stock.get(variant.sku)


class ProductSerializer(serializers.ModelSerializer[Product]):
    category = serializers.SlugRelatedField[Category](slug_field="slug", read_only=True)
    variants = VariantSerializer(source="on_sale", many=True)

    class Meta:
        model = Product
        fields = ["id", "slug", "title", "description", "category", "variants"]


class CategorySerializer(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="The slug of the one above."
    )
