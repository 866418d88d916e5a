from typing import Any

from rest_framework import serializers

from apps.notifications.models import OPTIONAL


class Preferences(serializers.Serializer):
    """Whether mails of each kind are sent. Mails about money and the account always are."""

    order_shipped = serializers.BooleanField()
    order_delivered = serializers.BooleanField()

    def to_internal_value(self, data: Any) -> Any:
        """Refuses what there is no choice about, instead of passing over it."""
        unknown = set(data) - {kind.value for kind in OPTIONAL} if isinstance(data, dict) else ()
        if unknown:
            raise serializers.ValidationError(
                {str(kind): ["There is no choice about this."] for kind in sorted(unknown)}
            )
        return super().to_internal_value(data)
