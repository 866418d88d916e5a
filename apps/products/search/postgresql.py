"""Search on PostgreSQL: full text with a stored document, trigrams for what is misspelt.

The column `document` and the indexes are the database's own (migrations/0011_search.py): no model
names them.
"""

from collections.abc import Sequence

from django.db import connection
from django.db.models import BooleanField, Expression, F, FloatField, Value

from apps.products.search.base import OfRow, Term

ALIKE = 8  # words


class Postgresql:
    def matching(self, terms: Sequence[Term], *, every: bool = True) -> Expression:
        return Matching(F("id"), Value(_query(terms, every=every)))

    def rank(self, terms: Sequence[Term], *, every: bool = True) -> Expression:
        return Rank(F("id"), Value(_query(terms, every=every)))

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


def is_migrated() -> bool:
    """Whether the tables of search are there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('products_word') IS NOT NULL")
        return bool(cursor.fetchone()[0])


class Matching(OfRow):
    output_field = BooleanField()

    def about(self, row: str, given: Sequence[str]) -> str:
        return f"({row}.document @@ to_tsquery('english', {given[0]}))"


class Rank(OfRow):
    output_field = FloatField()

    def about(self, row: str, given: Sequence[str]) -> str:
        ranked = f"ts_rank({row}.document, to_tsquery('english', {given[0]}))"
        return f"{ranked}::float8"  # exact, so that a cursor can name it


class Having(OfRow):
    output_field = BooleanField()

    def about(self, row: str, given: Sequence[str]) -> str:
        return f"(string_to_array({row}.choices, chr(10)) && ARRAY[{', '.join(given)}]::text[])"


def _query(terms: Sequence[Term], *, every: bool) -> str:
    """In quotes the words are never an operator."""
    either = (" | ".join(f"'{word}'" for word in term) for term in terms)
    return (" & " if every else " | ").join(f"({term})" for term in either)
