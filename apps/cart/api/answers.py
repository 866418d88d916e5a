"""What the cart's endpoints answer, for the API's description; the tests hold every answer to it."""

from typing import Any

from rest_framework import serializers


def _money() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=2)


class CartLine(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    url = serializers.CharField()
    picture = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = _money()
    total = _money()
    currency = serializers.CharField()
    available = serializers.IntegerField(allow_null=True, help_text="Units; null: not known yet.")
    problem = serializers.ChoiceField(choices=["inactive", "sold_out", "short"], allow_null=True)


class Cart(serializers.Serializer[Any]):
    lines = CartLine(many=True)
    count = serializers.IntegerField()
    subtotal = _money()
    currency = serializers.CharField()
    notices = serializers.ListField(
        child=serializers.CharField(), help_text="Where a change gave less than was asked for."
    )


class QuoteLine(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = _money()
    total = _money()


class Quote(serializers.Serializer[Any]):
    quote = serializers.CharField(help_text="Signed; hand it to `POST /api/v1/orders/` as it is.")
    lines = QuoteLine(many=True)
    subtotal = _money()
    discount = _money()
    shipping = _money()
    shipping_method = serializers.CharField()
    tax = _money()
    total = _money()
    currency = serializers.CharField()
    country = serializers.CharField()
    expires_at = serializers.DateTimeField()


class LinesProblem(serializers.Serializer[Any]):
    """The cart cannot be had as it is; where single lines are the reason, these."""

    lines = CartLine(many=True, required=False)
