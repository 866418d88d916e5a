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
    """SQL about a row of the table that the column it is given (`id`) is of."""

    def row(self, compiler: Any, connection: Any) -> str:
        """The table's name or alias in this statement, quoted."""
        column: Any = self.source_expressions[0]
        return str(connection.ops.quote_name(column.alias))
