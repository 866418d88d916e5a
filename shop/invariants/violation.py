"""A promise that is broken."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

Row = tuple[str, str]  # table, id
Found = tuple[str, list[str], list[Row]]  # words, the keys that it is about, rows


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant that does not hold, and the rows that say so."""

    invariant: str  # "I3"
    what: str  # words for a person
    rows: tuple[Row, ...] = ()
    about: tuple[str, ...] = field(default=(), compare=False)  # ids of orders and carts, SKUs
    at_rest: bool = field(default=True, compare=False)  # it holds at rest only

    def __str__(self) -> str:
        rows = ", ".join(f"{table} {pk}" for table, pk in self.rows)
        return (
            f"{self.invariant}: {self.what} [{rows}]" if rows else f"{self.invariant}: {self.what}"
        )

    def as_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        rows = [{"table": table, "id": pk} for table, pk in self.rows]
        return {"invariant": self.invariant, "what": self.what, "rows": rows}


def made(invariant: str, found: Iterable[Found], *, at_rest: bool) -> Iterator[Violation]:
    """Violations of what a check has found."""
    for what, about, rows in found:
        yield Violation(invariant, what, tuple(rows), tuple(about), at_rest)
