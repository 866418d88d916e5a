"""What the catalogue's endpoints answer, for the API's description; `shapes` builds it and the
tests hold every answer to it."""

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from apps.products.models import Product


def _money(**how: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=12, decimal_places=2, **how)


class Picture(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="A path on this host.")
    alt = serializers.CharField(help_text="What it shows, in words.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class Rating(serializers.Serializer[Any]):
    average = serializers.DecimalField(
        max_digits=2, decimal_places=1, allow_null=True, help_text="Of 5; null: no reviews."
    )
    count = serializers.IntegerField()


class ListedVariant(serializers.Serializer[Any]):
    sku = serializers.CharField()
    option = serializers.CharField(help_text="As “Blue / M”; empty: there is nothing to choose.")
    price = _money(help_text="What it costs now.")
    regular_price = _money(allow_null=True, help_text="Outside the sale; null: there is none.")
    currency = serializers.CharField()
    available = serializers.IntegerField(allow_null=True, help_text="Units; null: not known yet.")


@extend_schema_serializer(component_name="DetailedVariant")
class Variant(ListedVariant):
    options = serializers.DictField(child=serializers.CharField())
    pictures = Picture(many=True, help_text="Its own first, then the product's.")


class _Common(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField()
    category = serializers.CharField()
    price = _money(help_text="Of the cheapest variant, now.")
    price_to = _money(help_text="Of the dearest.")
    currency = serializers.CharField()
    on_sale = serializers.BooleanField()
    rating = Rating()


class ListedProduct(_Common):
    picture = Picture()
    variants = ListedVariant(many=True)


class PathEntry(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()


class Option(serializers.Serializer[Any]):
    name = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())


class DetailedProduct(_Common):
    tax_class = serializers.ChoiceField(choices=Product.TaxClass.values)
    path = PathEntry(many=True, help_text="The categories, from the root.")
    pictures = Picture(many=True)
    options = Option(many=True)
    variants = Variant(many=True)


class Category(serializers.Serializer[Any]):
    slug = serializers.CharField()
    title = serializers.CharField()
    parent = serializers.CharField(  # type: ignore[assignment]
        allow_null=True, help_text="The slug of the one above."
    )


class ShownReview(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    author = serializers.CharField()
    rating = serializers.IntegerField(help_text="Stars, 1 to 5.")
    title = serializers.CharField()
    text = serializers.CharField()
    written_at = serializers.DateTimeField()


class OwnReview(ShownReview):
    status = serializers.CharField(help_text="pending, approved or rejected")


class Moved(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    location = serializers.CharField(help_text="Where to ask instead, for good.")
