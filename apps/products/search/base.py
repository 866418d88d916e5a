"""What search asks of a database."""

from collections.abc import Sequence
from typing import Any, Protocol

from django.db.models import Expression, Func


class Engine(Protocol):
    """Finds rows of `Listing`. Words are `words.asked()`."""

    def matching(self, words: Sequence[str], *, every: bool = True) -> Expression:
        """True of the rows that have all the words (else one of them) somewhere; the last word may
        be the beginning of theirs."""

    def rank(self, words: Sequence[str], *, every: bool = True) -> Expression:
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
