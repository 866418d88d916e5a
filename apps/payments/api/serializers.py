"""The card as the API takes it."""

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
