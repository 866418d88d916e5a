"""Where a page begins: a cursor names the row that it stands at, by the value it is ordered by and
its id, so no row is shown twice or left out however many have the same value."""

import json
import math
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db.models import Model, Q, QuerySet

LONGEST = 2000  # characters of a cursor
MOST = Decimal(10) ** 10  # of a price: ten digits before the point


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The row that a page ends before (`back`), or begins after."""

    ordering: str
    back: bool
    value: Any  # of the field that it is ordered by
    id: UUID


def position(cursor: str, ordering: str) -> Position:
    """What the cursor names. Raises ValueError when it is none of this order's."""
    if len(cursor) > LONGEST:
        raise ValueError("It is too long.")
    try:
        found, back, value, key = json.loads(_decoded(cursor))
        if found != ordering:
            raise ValueError("It is of another order.")
        at = VALUES[ordering.removeprefix("-")](value)
        return Position(ordering=ordering, back=bool(back), value=at, id=UUID(key))
    except (TypeError, AttributeError, RecursionError, InvalidOperation) as error:
        raise ValueError("It is no cursor.") from error


def cursor(ordering: str, *, value: Any, key: UUID, back: bool) -> str:
    """Of the page after the row with that value and id, or before it."""
    place = [ordering, int(back), str(value), str(key)]
    return urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def page_from[Row: Model](
    found: QuerySet[Row], ordering: str, at: Position | None, *, key: str
) -> QuerySet[Row]:
    """The rows from there on, in the order of `ordering` (against it when the page ends there) and
    of the field `key`, which parts those that are equal."""
    field = ordering.removeprefix("-")
    falling = ordering.startswith("-") != (at is not None and at.back)
    sign, past = ("-", "lt") if falling else ("", "gt")
    ordered = found.order_by(*dict.fromkeys([f"{sign}{field}", f"{sign}{key}"]))
    if at is None:
        return ordered
    if field == key:
        return ordered.filter(**{f"{key}__{past}": at.id})
    same = Q(**{field: at.value, f"{key}__{past}": at.id})
    # The first bound says the same again, in words that an index understands.
    return ordered.filter(
        Q(**{f"{field}__{past}e": at.value}) & (Q(**{f"{field}__{past}": at.value}) | same)
    )


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _price(value: str) -> Decimal:
    price = Decimal(value)
    if not (price.is_finite() and abs(price) < MOST and price == round(price, 2)):
        raise ValueError("It is no price.")
    return price


def _title(value: str) -> str:
    value.encode()  # half of a character is none
    if len(value) > 120 or "\x00" in value:
        raise ValueError("It is no title.")
    return value


def _rank(value: str) -> float:
    rank = float(value)
    if not math.isfinite(rank):
        raise ValueError("It is no rank.")
    return rank


VALUES: dict[str, Callable[[Any], Any]] = {  # of the fields that pages are ordered by
    "id": UUID,
    "product_id": UUID,
    "price_from": _price,
    "title": _title,
    "rank": _rank,
}
