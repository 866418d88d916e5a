"""Search on SQLite: FTS5 over the rows' words, and over the trigrams of the words in use.

Both tables are kept by triggers (migrations/0011_search.py): no model names them.
"""

from collections.abc import Sequence

from django.db import connection
from django.db.models import BooleanField, Expression, F, FloatField, Value

from apps.products.search.base import OfRow, Term
from apps.products.search.spelling import likeness, trigrams

ALIKE = 8  # words
LOOKED_AT = 200  # of those that share trigrams
LEAST_LIKENESS = 0.3  # as PostgreSQL's pg_trgm.similarity_threshold


class Sqlite:
    def matching(self, terms: Sequence[Term], *, every: bool = True) -> Expression:
        return Matching(F("id"), Value(_query(terms, every=every)))

    def rank(self, terms: Sequence[Term], *, every: bool = True) -> Expression:
        return Rank(F("id"), Value(_query(terms, every=every)))

    def having(self, lines: Sequence[str]) -> Expression:
        return Having(F("id"), *(Value(f"\n{line}\n") for line in lines))

    def alike(self, word: str) -> list[str]:
        inside = {part for part in trigrams(word) if " " not in part}
        if not inside:
            return []
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT text FROM products_word_fts WHERE products_word_fts MATCH %s"
                " ORDER BY rank, text LIMIT %s",
                [" OR ".join(f'"{part}"' for part in sorted(inside)), LOOKED_AT],
            )
            found = [text for (text,) in cursor.fetchall()]
        near = [text for text in found if likeness(word, text) >= LEAST_LIKENESS]
        return sorted(near, key=lambda text: (-likeness(word, text), text))[:ALIKE]


class Matching(OfRow):
    output_field = BooleanField()

    def about(self, row: str, given: Sequence[str]) -> str:
        found = "SELECT rowid FROM products_listing_fts WHERE products_listing_fts MATCH"
        return f"({row}.id IN ({found} {given[0]}))"


class Rank(OfRow):
    output_field = FloatField()

    def about(self, row: str, given: Sequence[str]) -> str:
        return (
            "(SELECT -bm25(products_listing_fts, 10.0, 4.0, 1.0) FROM products_listing_fts"
            f" WHERE products_listing_fts MATCH {given[0]} AND rowid = {row}.id)"
        )


class Having(OfRow):
    output_field = BooleanField()

    def about(self, row: str, given: Sequence[str]) -> str:
        return f"({' OR '.join(f'instr({row}.choices, {line}) > 0' for line in given)})"


def _query(terms: Sequence[Term], *, every: bool) -> str:
    """In quotes the words are never an operator."""
    either = (" OR ".join(f'"{word}"' for word in term) for term in terms)
    return (" AND " if every else " OR ").join(f"({term})" for term in either)
