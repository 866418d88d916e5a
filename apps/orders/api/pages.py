"""Lists of orders: which of them, and page by page."""

from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import DateTimeField
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from apps.orders.models import Order


class Filters(serializers.Serializer):
    """Which orders a list is of; all are by default."""

    status = serializers.ChoiceField(choices=Order.Status.choices, required=False)
    placed_after = serializers.DateTimeField(required=False)  # that moment not included
    placed_before = serializers.DateTimeField(required=False)  # that moment not included


class NewestFirst(CursorPagination):
    ordering = ("-placed_at", "id")

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Refuses a forged position, which the database would choke on."""
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                DateTimeField().run_validation(cursor.position)
            except ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor
