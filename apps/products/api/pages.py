"""Pages that stay right in every order: a cursor names the row that it stands at, by the value it
is ordered by and its id, so no row is shown twice or left out however many have the same value."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.fields import CharField, DecimalField, Field, UUIDField
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

PAGE_SIZE = 20
LONGEST = 2000  # characters of a cursor
VALUES: dict[str, Field[Any, Any, Any, Any]] = {  # of the fields that pages are ordered by
    "id": UUIDField(),
    "price_from": DecimalField(max_digits=12, decimal_places=2),
    "title": CharField(max_length=120, trim_whitespace=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a page begins."""

    ordering: str
    back: bool  # the page ends before it
    value: str  # of the field that it is ordered by
    id: str


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
        rows = list(self._from(at, back=back)[: PAGE_SIZE + 1])
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

    @property
    def _field(self) -> str:
        return self.ordering.removeprefix("-")

    def _from(self, at: Position | None, *, back: bool) -> QuerySet[Row]:
        falling = self.ordering.startswith("-") != back
        sign, past = ("-", "lt") if falling else ("", "gt")
        found = self.found.order_by(f"{sign}{self._field}", f"{sign}id")
        if at is None:
            return found
        value, key = self._parsed(at)
        same = Q(**{self._field: value, f"id__{past}": key})
        # The first bound says the same again, in words that an index understands.
        return found.filter(
            Q(**{f"{self._field}__{past}e": value})
            & (Q(**{f"{self._field}__{past}": value}) | same)
        )

    def _position(self) -> Position | None:
        cursor = self.request.query_params.get("cursor")
        if cursor is None:
            return None
        try:
            ordering, back, value, key = json.loads(_decoded(cursor))
            at = Position(ordering=ordering, back=bool(back), value=value, id=key)
            self._parsed(at)
        except (ValueError, TypeError, AttributeError, RecursionError, ValidationError):
            at = None
        if at is None or at.ordering != self.ordering:
            raise NotFound("Invalid cursor.")
        return at

    def _parsed(self, at: Position) -> tuple[Any, UUID]:
        """Raises ValueError and ValidationError for what the database would choke on."""
        at.value.encode()
        return VALUES[self._field].run_validation(at.value), UUID(at.id)

    def _link(self, row: Row, *, back: bool) -> str:
        place = [self.ordering, int(back), str(getattr(row, self._field)), str(row.pk)]
        cursor = urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)


def _decoded(cursor: str) -> bytes:
    """Raises ValueError."""
    if len(cursor) > LONGEST:
        raise ValueError
    return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
