"""Long lists, a page at a time."""

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import CharField, Field, UUIDField
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


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


class BySku(Pages):
    ordering = "sku"
    position = CharField()


class NewestFirst(Pages):
    ordering = "-id"
    position = UUIDField()
