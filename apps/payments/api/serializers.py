"""The card as the API takes it."""

from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers

from apps.payments import cards
from apps.payments.gateway import Card


class CardSerializer(serializers.Serializer[Any]):
    """A card; `card()` when valid. No message repeats what was sent."""

    number = serializers.CharField(max_length=40)
    exp_month = serializers.IntegerField(min_value=1, max_value=12)
    exp_year = serializers.IntegerField(min_value=2000, max_value=2999)
    cvc = serializers.CharField(max_length=10)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Checks the fields together: the security code's length depends on the number."""
        attrs["number"] = cards.digits_of(attrs["number"])
        found = cards.problems(
            number=attrs["number"],
            month=attrs["exp_month"],
            year=attrs["exp_year"],
            cvc=attrs["cvc"],
            today=timezone.now().date(),
        )
        if found:
            named = {"expiry": "exp_year"}
            raise serializers.ValidationError(
                {named.get(name, name): [problem] for name, problem in found.items()}
            )
        return attrs

    def card(self) -> Card:
        """The card; only of a valid serializer."""
        return Card(**self.validated_data)


class NewMethodSerializer(serializers.Serializer[Any]):
    """The answer: what stands for the card from now on."""

    token = serializers.CharField()
    brand = serializers.CharField()
    last4 = serializers.CharField()


class AnswerSerializer(serializers.Serializer[Any]):
    """What the shopper says to the bank."""

    answer = serializers.ChoiceField(["approve", "deny"])


class ChallengeSerializer(serializers.Serializer[Any]):
    """A challenge as it is now."""

    id = serializers.CharField()
    state = serializers.ChoiceField(["open", "approved", "denied", "over"])
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    currency = serializers.CharField()
    brand = serializers.CharField()
    last4 = serializers.CharField()
    expires_at = serializers.DateTimeField()
    order_id = serializers.UUIDField()


class WantedRefundSerializer(serializers.Serializer[Any]):
    """How much is to be given back, and why."""

    amount = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal("0.01"))
    reason = serializers.CharField(max_length=200)


class RefundSerializer(serializers.Serializer[Any]):
    """A refund as it is now."""

    id = serializers.UUIDField()
    status = serializers.CharField()  # requested, done, failed
    cause = serializers.CharField()  # order_ended, staff
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    currency = serializers.CharField(source="payment.currency")
    reason = serializers.CharField()
    by = serializers.CharField()
    failure = serializers.CharField()
    created_at = serializers.DateTimeField()


class LedgerSerializer(serializers.Serializer[Any]):
    """The money of an order. What is refundable is neither back nor on its way back."""

    order_id = serializers.UUIDField()
    status = serializers.CharField()
    currency = serializers.CharField()
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    captured = serializers.DecimalField(max_digits=12, decimal_places=2, source="captured_amount")
    refunded = serializers.DecimalField(max_digits=12, decimal_places=2, source="refunded_amount")
    refunding = serializers.DecimalField(max_digits=12, decimal_places=2, source="refunding_amount")
    refundable = serializers.DecimalField(max_digits=12, decimal_places=2)
    refunds = RefundSerializer(many=True, source="refunds.all")  # the oldest first


class ToldSerializer(serializers.Serializer[Any]):
    """The charge or refund that the gateway tells of; which of the fields there are depends on
    the status."""

    kind = serializers.ChoiceField(["charge", "refund"])
    key = serializers.CharField(max_length=64)
    version = serializers.IntegerField(min_value=1)
    status = serializers.CharField()
    charge = serializers.CharField(required=False)
    code = serializers.CharField(required=False, allow_blank=True)
    decline_code = serializers.CharField(required=False, allow_blank=True)
    challenge = serializers.CharField(required=False)
    expires_at = serializers.DateTimeField(required=False)
    message = serializers.CharField(required=False, allow_blank=True)


class WebhookSerializer(serializers.Serializer[Any]):
    """A message of the gateway."""

    id = serializers.CharField(max_length=64)
    object = ToldSerializer()


class WebhookResultSerializer(serializers.Serializer[Any]):
    """What the message was."""

    result = serializers.ChoiceField(["recorded", "ignored", "duplicate", "unknown"])
