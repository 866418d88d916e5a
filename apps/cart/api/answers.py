"""What the cart's endpoints answer, for the API's description; the tests hold every answer to it."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.cart.rates import Method


def _money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=2, **options)


def _percent() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=5, decimal_places=2)


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


@extend_schema_field({"oneOf": [{"type": "integer"}, {"type": "string"}]})
class UnitsOrPrice(serializers.Field):
    """A number of units, or an amount as text."""


class CartChange(serializers.Serializer[Any]):
    """What has become of a line since it was put in."""

    sku = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(choices=["price", "short", "sold_out", "inactive"])
    before = UnitsOrPrice(help_text='Of "price" the amount that was seen, else the units wanted.')
    now = UnitsOrPrice(help_text='Of "price" the amount, else the units left: 0 takes it out.')


class CartChanges(serializers.Serializer[Any]):
    changes = CartChange(many=True)
    changes_id = serializers.CharField(
        allow_null=True, help_text="What to accept them by: `POST cart/accept/`."
    )


class Cart(CartChanges):
    lines = CartLine(many=True)
    count = serializers.IntegerField()
    subtotal = _money()
    currency = serializers.CharField()
    coupon = serializers.CharField(allow_null=True, help_text="The code that quotes are made with.")
    notices = serializers.ListField(
        child=serializers.CharField(), help_text="Where a change gave less than was asked for."
    )


class AddedAgain(serializers.Serializer[Any]):
    sku = serializers.CharField()
    quantity = serializers.IntegerField(help_text="Units that are in the cart now.")


class NotAdded(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    reason = serializers.ChoiceField(choices=["inactive", "sold_out", "cart_full"])


class CartAgain(Cart):
    """The cart, and what came of each line."""

    added = AddedAgain(many=True)
    missing = NotAdded(many=True)


class QuoteLine(serializers.Serializer[Any]):
    sku = serializers.CharField()
    title = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = _money()
    total = _money(help_text="Before the discount.")
    discount = _money(help_text="The line's share of the quote's discount.")
    tax_rate = _percent()
    tax = _money(help_text="Included in total - discount.")


class Quote(serializers.Serializer[Any]):
    quote = serializers.CharField(help_text="Signed; hand it to `POST /api/v1/orders/` as it is.")
    lines = QuoteLine(many=True)
    subtotal = _money()
    coupon = serializers.CharField(allow_null=True)
    discount = _money()
    shipping = _money()
    shipping_method = serializers.CharField()
    shipping_tax = _money(help_text="Included in shipping.")
    tax = _money(help_text="Of the lines and of shipping; included in the total.")
    total = _money(help_text="subtotal - discount + shipping")
    currency = serializers.CharField()
    country = serializers.CharField()
    expires_at = serializers.DateTimeField()


class DeliveryRate(serializers.Serializer[Any]):
    shipping_method = serializers.ChoiceField(choices=[method.value for method in Method])
    name = serializers.CharField()
    price = _money()
    free_over = _money(allow_null=True, help_text="Of the goods after the discount; null: never.")
    currency = serializers.CharField()


class TaxRates(serializers.Serializer[Any]):
    """Percent, by tax class."""

    standard = _percent()
    reduced = _percent()


class Destination(serializers.Serializer[Any]):
    country = serializers.CharField(help_text="ISO 3166-1 alpha-2")
    name = serializers.CharField()
    tax = TaxRates()
    methods = DeliveryRate(many=True)


class ChangesProblem(serializers.Serializer[Any]):
    """The cart is empty; or it has changed (`code` "cart_changed"), and these have to be accepted."""

    changes = CartChange(many=True, required=False)
    changes_id = serializers.CharField(required=False, allow_null=True)


class CouponProblem(serializers.Serializer[Any]):
    """Why the coupon cannot be used is its `code`: "coupon_unknown", "coupon_not_started",
    "coupon_expired", "coupon_used_up", "coupon_used_by_you", or "coupon_minimum" with these."""

    minimum = _money(required=False)
    missing = _money(required=False)
    currency = serializers.CharField(required=False)
