"""Lists of orders: which of them, and page by page."""

from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import DateTimeField, Field, UUIDField
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from apps.orders.models import Order


class Filters(serializers.Serializer):
    """Which orders a list is of; all are by default."""

    status = serializers.ChoiceField(choices=Order.Status.choices, required=False)
    placed_after = serializers.DateTimeField(required=False)  # that moment not included
    placed_before = serializers.DateTimeField(required=False)  # that moment not included


class StaffFilters(Filters):
    """Which of everybody's orders a list is of."""

    number = serializers.CharField(required=False, help_text="As HP-7F3K-92QD; in any case.")
    email = serializers.CharField(required=False, help_text="The whole address, in any case.")
    customer_id = serializers.UUIDField(required=False)
    sku = serializers.CharField(required=False, help_text="In one of its lines.")


class Pages(CursorPagination):
    """Cursor pages that refuse a forged position, which the database would choke on."""

    position: Field  # what a position must be

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                self.position.run_validation(cursor.position)
            except ValidationError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


class NewestFirst(Pages):
    ordering = ("-placed_at", "id")
    position = DateTimeField()


class NewestOfAll(Pages):
    """By the primary key, which begins with the time: no other index is that of all orders."""

    ordering = "-id"
    position = UUIDField()
