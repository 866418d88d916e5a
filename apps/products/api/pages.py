"""Pages that stay right in every order; see `queries.cursors`."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from apps.products import queries

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class Keyset[Row: Model]:
    """Pages of `found`, by `ordering`: the name of a field, with "-" before it from the highest."""

    found: QuerySet[Row]
    ordering: str
    request: Request

    def response(self, shape: Any) -> Response:
        """The page that the request asks for, each row by `shape`. Raises NotFound for a cursor
        that is none of this order's."""
        at = self._position()
        back = at is not None and at.back
        rows = list(queries.page_from(self.found, self.ordering, at, key="id")[: PAGE_SIZE + 1])
        more, rows = len(rows) > PAGE_SIZE, rows[:PAGE_SIZE]
        if back:
            rows.reverse()
        after, before = (at is not None, more) if back else (more, at is not None)
        return Response(
            {
                "next": self._link(rows[-1], back=False) if rows and after else None,
                "previous": self._link(rows[0], back=True) if rows and before else None,
                "results": [shape(row) for row in rows],
            }
        )

    def _position(self) -> queries.Position | None:
        cursor = self.request.query_params.get("cursor")
        if cursor is None:
            return None
        try:
            return queries.position(cursor, self.ordering)
        except ValueError as error:
            raise NotFound("Invalid cursor.") from error

    def _link(self, row: Row, *, back: bool) -> str:
        value = getattr(row, self.ordering.removeprefix("-"))
        cursor = queries.cursor(self.ordering, value=value, key=row.pk, back=back)
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)
