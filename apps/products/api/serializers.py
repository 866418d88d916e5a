"""What requests may ask and send."""

from typing import Any

from rest_framework import serializers

from apps.products.search.words import LONGEST_QUESTION

ORDERINGS = {
    "taken_in": "id",  # the default without `q`: the oldest first
    "best": "-rank",  # the default with `q`, and only there
    "newest": "-id",
    "price": "price_from",
    "-price": "-price_from",
    "title": "title",
    "-title": "-title",
}


class Filters(serializers.Serializer[Any]):
    """Of the list of products. Prices are compared with what the product costs from, now."""

    q = serializers.CharField(
        required=False, max_length=LONGEST_QUESTION, help_text="Words; the last may be unfinished."
    )
    category = serializers.SlugField(required=False, max_length=60)
    price_min = serializers.DecimalField(12, 2, required=False, min_value=0)
    price_max = serializers.DecimalField(12, 2, required=False, min_value=0)
    in_stock = serializers.BooleanField(required=False)
    on_sale = serializers.BooleanField(required=False)
    ordering = serializers.ChoiceField(list(ORDERINGS), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "price_min" in attrs and attrs.get("price_max", attrs["price_min"]) < attrs["price_min"]:
            raise serializers.ValidationError({"price_max": ["It is below price_min."]})
        attrs.setdefault("ordering", "best" if "q" in attrs else "taken_in")
        if attrs["ordering"] == "best" and "q" not in attrs:
            raise serializers.ValidationError({"ordering": ["Nothing is best without q."]})
        return attrs


class ReviewWords(serializers.Serializer[Any]):
    rating = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=120)
    text = serializers.CharField(max_length=4000)
    author = serializers.CharField(max_length=60, allow_blank=True, default="")
