"""What search asks of a database."""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db.models import Expression, Func

type Term = tuple[str, ...]  # of letters and digits only, as `words.normal()` leaves them


class Engine(Protocol):
    """Finds rows of `Listing`. A term is a word, or several of which one will do."""

    def matching(self, terms: Sequence[Term], *, every: bool = True) -> Expression:
        """True of the rows that have all the terms (else one of them) somewhere."""

    def rank(self, terms: Sequence[Term], *, every: bool = True) -> Expression:
        """How well a row that matches does, from 0; a title counts most, a description least."""

    def having(self, lines: Sequence[str]) -> Expression:
        """True of the rows whose `choices` have one of the lines."""

    def alike(self, word: str) -> list[str]:
        """The words in use that look most like it; none where the database cannot tell."""


class OfRow(Func):
    """SQL about a row of the table that the first thing it is given (`id`) is a column of; the
    rest are its parameters."""

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:  # type: ignore[override]
        column, *given = self.source_expressions
        compiled = [compiler.compile(one) for one in given]
        row = compiler.quote_name_unless_alias(column.alias)  # type: ignore[attr-defined]
        parameters = tuple(each for _, some in compiled for each in some)
        return self.about(row, [sql for sql, _ in compiled]), parameters

    def about(self, row: str, given: Sequence[str]) -> str:
        """The SQL; `row` is the table's name or alias in this statement, quoted."""
        raise NotImplementedError
