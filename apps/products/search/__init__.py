"""Search behind one interface, whichever the database: see `base.Engine`."""

from collections.abc import Sequence

from django.db import connection

from apps.products.models import Word
from apps.products.search import choices
from apps.products.search.base import Engine
from apps.products.search.postgresql import Postgresql
from apps.products.search.spelling import forgiven, slips
from apps.products.search.sqlite import Sqlite
from apps.products.search.words import asked, normal

ENGINES: dict[str, Engine] = {"postgresql": Postgresql(), "sqlite": Sqlite()}
SHORT = 5  # letters: one slip leaves such a word few trigrams
NEIGHBOURS = 1000  # words that a short one is compared with

__all__ = ["Engine", "asked", "choices", "engine", "normal", "respelt"]


def engine() -> Engine:
    """That of the database that is connected."""
    return ENGINES[connection.vendor]


def respelt(words: Sequence[str]) -> list[str]:
    """The words, each that is not in use replaced by the one in use that was likely meant."""
    return [word if _in_use(word) else _meant(word) for word in words]


def _in_use(word: str) -> bool:
    return Word.objects.filter(text__startswith=word).exists()


def _meant(word: str) -> str:
    near = engine().alike(word)
    if len(word) <= SHORT:
        near += _short_ones(word)
    close = [other for other in near if slips(word, other) <= forgiven(word)]
    return min(close, key=lambda other: (slips(word, other), near.index(other)), default=word)


def _short_ones(word: str) -> list[str]:
    """Those that begin with the same letter and are about as long."""
    pattern = rf"^{word[0]}.{{{max(len(word) - 2, 0)},{len(word)}}}$"
    return list(
        Word.objects.filter(text__startswith=word[0], text__regex=pattern)[:NEIGHBOURS].values_list(
            "text", flat=True
        )
    )
