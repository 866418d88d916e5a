"""Facts of several contexts side by side, in memory that does not grow with them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import groupby
from typing import Any
from uuid import UUID

type Fact = Mapping[str, Any]
type Facts = Iterable[Fact]
type Side = tuple[UUID, str, Fact]  # key, name of the facts, one of them


def by_id(field: str, **facts: Facts) -> Iterator[tuple[UUID, dict[str, list[Fact]]]]:
    """Each id in that field, with its facts by name; all have to come in the order of the ids,
    which both databases sort alike. A name without facts about it has an empty list."""
    sides = [_side(name, field, rows) for name, rows in facts.items()]
    for key, group in groupby(merge(*sides, key=_key), key=_key):
        found: dict[str, list[Fact]] = defaultdict(list)
        for _, name, row in group:
            found[name].append(row)
        yield key, found


def _side(name: str, field: str, rows: Facts) -> Iterator[Side]:
    return ((row[field], name, row) for row in rows)


def _key(side: Side) -> UUID:
    return side[0]
