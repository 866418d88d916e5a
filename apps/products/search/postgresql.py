"""Search on PostgreSQL: full text with a stored document, trigrams for what is misspelt.

The column `document` and the indexes are the database's own (migrations/0011_search.py): no model
names them.
"""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Expression, F, FloatField, Value

from apps.products.search.base import OfRow

ALIKE = 8  # words


class Postgresql:
    def matching(self, words: Sequence[str], *, every: bool = True) -> Expression:
        return Matching(F("id"), Value(_query(words, every=every)))

    def rank(self, words: Sequence[str], *, every: bool = True) -> Expression:
        return Rank(F("id"), Value(_query(words, every=every)))

    def having(self, lines: Sequence[str]) -> Expression:
        return Having(F("id"), *(Value(line) for line in lines))

    def alike(self, word: str) -> list[str]:
        if not has_trigrams():
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT text FROM products_word WHERE text %% %s ORDER BY text <-> %s, text LIMIT %s",
                [word, word, ALIKE],
            )
            return [text for (text,) in cursor.fetchall()]


def has_trigrams() -> bool:
    """Whether the extension pg_trgm is installed in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")
        return bool(cursor.fetchone()[0])


class Matching(OfRow):
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        query, parameters = compiler.compile(self.source_expressions[1])
        row = self.row(compiler, connection)
        return f"({row}.document @@ to_tsquery('english', {query}))", tuple(parameters)


class Rank(OfRow):
    output_field = FloatField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        query, parameters = compiler.compile(self.source_expressions[1])
        ranked = (
            f"ts_rank({self.row(compiler, connection)}.document, to_tsquery('english', {query}))"
        )
        return f"{ranked}::float8", tuple(parameters)  # exact, so that a cursor can name it


class Having(OfRow):
    output_field = BooleanField()

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, tuple[Any, ...]]:
        compiled = [compiler.compile(line) for line in self.source_expressions[1:]]
        lines = ", ".join(sql for sql, _ in compiled)
        parameters = tuple(each for _, some in compiled for each in some)
        held = f"string_to_array({self.row(compiler, connection)}.choices, chr(10))"
        return f"({held} && ARRAY[{lines}]::text[])", parameters


def _query(words: Sequence[str], *, every: bool) -> str:
    """Of words that are letters and digits only; in quotes they are never an operator."""
    *whole, last = words
    terms = [*(f"'{word}'" for word in whole), f"'{last}':*"]
    return (" & " if every else " | ").join(terms)
