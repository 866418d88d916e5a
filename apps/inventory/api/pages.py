"""Long lists, a page at a time."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class Pages(CursorPagination):
    """Cursor pages that refuse a forged position, which the database would choke on."""

    read_position: Callable[[str], Any]

    def decode_cursor(self, request: Request) -> Cursor | None:
        cursor = super().decode_cursor(request)
        if cursor and cursor.position is not None:
            try:
                type(self).read_position(cursor.position)
            except ValueError:
                raise NotFound(self.invalid_cursor_message) from None
        return cursor


def _text(position: str) -> str:
    if "\x00" in position:
        raise ValueError("a NUL is in no SKU")
    return position


class BySku(Pages):
    ordering = "sku"
    read_position = _text


class NewestFirst(Pages):
    ordering = "-id"
    read_position = UUID
