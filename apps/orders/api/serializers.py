"""Orders as JSON: amounts are strings, the currency beside them."""

from typing import Any

from django.core.validators import RegexValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from apps.orders.carriers import tracking_url
from apps.orders.models import Order, OrderLine, StatusChange
from apps.orders.queries import action_url
from apps.orders.wording import timeline_of


class ShippingAddress(serializers.Serializer):
    name = serializers.CharField(max_length=120)
    line1 = serializers.CharField(max_length=200)
    line2 = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    city = serializers.CharField(max_length=120)
    postcode = serializers.CharField(max_length=20)
    country = serializers.CharField(
        validators=[RegexValidator(r"\A[A-Z]{2}\Z", "Two capital letters (ISO 3166-1).")]
    )


class PaymentMethod(serializers.Serializer):
    payment_method = serializers.CharField(max_length=200)  # a token of payments'


class NewOrder(PaymentMethod):
    quote = serializers.CharField(max_length=20_000)  # 100 lines take about half of it
    email = serializers.EmailField(max_length=254)
    shipping_address = ShippingAddress()


class Reason(serializers.Serializer):
    reason = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class Parcel(serializers.Serializer):
    carrier = serializers.CharField(max_length=80)
    tracking = serializers.CharField(max_length=120)


class LineSerializer(serializers.ModelSerializer):
    total = serializers.DecimalField(max_digits=14, decimal_places=2, read_only=True)

    class Meta:
        model = OrderLine
        fields = [
            *("sku", "title", "quantity", "unit_price", "total"),
            *("discount", "tax_rate", "tax"),
        ]
        read_only_fields = fields


class Missing(serializers.Serializer):
    sku = serializers.CharField()
    title = serializers.CharField()
    wanted = serializers.IntegerField()
    available = serializers.IntegerField()


class Failure(serializers.Serializer):
    code = serializers.CharField()
    decline_code = serializers.CharField(allow_null=True)  # of the gateway
    message = serializers.CharField()
    missing = Missing(many=True)  # empty unless out of stock


class OrderSerializer(serializers.ModelSerializer):
    lines = LineSerializer(many=True, read_only=True)
    shipping_address = serializers.SerializerMethodField()
    failure = serializers.SerializerMethodField()
    action_url = serializers.SerializerMethodField()
    tracking_url = serializers.SerializerMethodField()
    timeline = serializers.HyperlinkedIdentityField(
        view_name="orders-api:timeline", lookup_field="pk", lookup_url_kwarg="order_id"
    )

    class Meta:
        model = Order
        fields = [
            "id",
            "number",
            "status",
            "placed_at",
            "pay_before",
            "email",
            "shipping_address",
            "currency",
            "lines",
            "subtotal",
            "discount",
            "coupon",
            "shipping",
            "shipping_method",
            "shipping_tax",
            "tax",
            "total",
            "refunded",
            "failure",
            "action_url",
            "retry_of",
            "carrier",
            "tracking",
            "tracking_url",
            "timeline",
        ]
        read_only_fields = fields

    @extend_schema_field(ShippingAddress)
    def get_shipping_address(self, order: Order) -> dict[str, str]:
        return dict(ShippingAddress(order).data)

    @extend_schema_field(Failure(allow_null=True))
    def get_failure(self, order: Order) -> dict[str, Any] | None:
        """Why the order FAILED; null for every other."""
        if not order.failure_code:
            return None
        return {
            "code": order.failure_code,
            "decline_code": order.decline_code or None,
            "message": order.failure_message,
            "missing": order.missing,
        }

    def get_action_url(self, order: Order) -> str | None:
        """Where the shopper has to confirm the payment; null when there is nothing to do."""
        path = action_url(order)
        return self.context["request"].build_absolute_uri(path) if path else None

    def get_tracking_url(self, order: Order) -> str | None:
        """The carrier's page about the parcel; null where none is known."""
        return tracking_url(order.carrier, order.tracking) or None


def as_json(order: Order | None, request: Request) -> dict[str, Any]:
    """Plain data, so that a stored answer is the same as a fresh one."""
    data = dict(OrderSerializer(order, context={"request": request}).data)
    retry_of = data["retry_of"]
    return data | {"id": str(data["id"]), "retry_of": retry_of and str(retry_of)}


class StepSerializer(serializers.Serializer):
    kind = serializers.CharField()
    text = serializers.CharField()
    state = serializers.CharField()  # done, pending, failed
    at = serializers.DateTimeField(allow_null=True)  # null: still to come


class ChangeSerializer(serializers.ModelSerializer):
    class Meta:
        model = StatusChange
        fields = ["from_status", "to_status", "by", "actor", "reason", "at"]
        read_only_fields = fields


class StaffOrderSerializer(OrderSerializer):
    """An order as staff see it. Its tokens and its carts are nobody's business."""

    history = ChangeSerializer(many=True, read_only=True)  # the oldest first
    steps = serializers.SerializerMethodField()
    refund_failed = serializers.BooleanField(
        read_only=True, help_text="A refund did not go through: a person has to give money back."
    )

    class Meta(OrderSerializer.Meta):
        fields = [
            *(name for name in OrderSerializer.Meta.fields if name != "timeline"),
            *("customer_id", "refund_failed", "history", "steps"),
        ]
        read_only_fields = fields

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, order: Order) -> list[dict[str, Any]]:
        """The shopper's timeline."""
        return list(StepSerializer(timeline_of(order), many=True).data)


class NewOrderSerializer(OrderSerializer):
    """The answer to the one who ordered."""

    access_token = serializers.CharField(
        allow_null=True, help_text="The order's secret, for a guest; null when signed in."
    )

    class Meta(OrderSerializer.Meta):
        fields = [*OrderSerializer.Meta.fields, "access_token"]
        read_only_fields = fields


class TimelineSerializer(serializers.Serializer):
    order = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Order.Status.choices)
    steps = StepSerializer(many=True)


class NewPrice(serializers.Serializer):
    sku = serializers.CharField()
    quoted = serializers.DecimalField(max_digits=14, decimal_places=2)
    price = serializers.DecimalField(max_digits=14, decimal_places=2)
    active = serializers.BooleanField()


class OrderName(serializers.Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()


class OrderConflict(serializers.Serializer):
    """Things have changed: `prices` that are not the quote's, or the `order` of this cart."""

    prices = NewPrice(many=True, required=False)
    order = OrderName(required=False)
