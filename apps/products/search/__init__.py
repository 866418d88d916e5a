"""Search behind one interface, whichever the database: see `base.Engine`."""

from collections.abc import Sequence

from django.db import connection
from django.db.models.functions import Length

from apps.products.models import Word
from apps.products.search import choices
from apps.products.search.base import Engine, Term
from apps.products.search.postgresql import Postgresql
from apps.products.search.spelling import forgiven, slips
from apps.products.search.sqlite import Sqlite
from apps.products.search.words import asked, normal

ENGINES: dict[str, Engine] = {"postgresql": Postgresql(), "sqlite": Sqlite()}
SLACK = 2  # letters that a neighbour may be longer
NEIGHBOURS = 2000  # that are compared: some tens of milliseconds

# Words that an unfinished one may become. Of more, PostgreSQL expects so many rows that it walks
# the table rather than use the index.
COMPLETED = 4

__all__ = [
    "Engine",
    "Term",
    "asked",
    "choices",
    "completed",
    "engine",
    "normal",
    "respelt",
    "terms",
]


def engine() -> Engine:
    """That of the database that is connected."""
    return ENGINES[connection.vendor]


def completed(words: Sequence[str]) -> list[Term]:
    """The words as terms, the last also as the words in use that begin so, the shortest first."""
    *whole, last = words
    longer = Word.objects.filter(text__startswith=last).exclude(text=last)
    nearest = longer.order_by(Length("text"), "text").values_list("text", flat=True)[:COMPLETED]
    return [*terms(whole), (last, *nearest)]


def terms(words: Sequence[str]) -> list[Term]:
    """Each word as a term of its own."""
    return [(word,) for word in words]


def respelt(words: Sequence[str]) -> list[str]:
    """The words, each that is not in use replaced by the one in use that was likely meant."""
    return [word if _in_use(word) else _meant(word) for word in words]


def _in_use(word: str) -> bool:
    return Word.objects.filter(text__startswith=word).exists()


def _meant(word: str) -> str:
    """Of those that look alike; else, as a slip early in a word leaves it few trigrams, of those
    that begin with the same letter and are about as long."""
    return _nearest(word, engine().alike(word)) or _nearest(word, _neighbours(word)) or word


def _nearest(word: str, others: Sequence[str]) -> str:
    """The one that it is a slip of; empty when none is."""
    far = {other: slips(word, other) for other in others}
    close = [other for other in others if far[other] <= forgiven(word)]
    return min(close, key=lambda other: far[other], default="")


def _neighbours(word: str) -> Sequence[str]:
    about = Word.objects.annotate(length=Length("text")).filter(
        text__startswith=word[0],
        length__gte=len(word) - forgiven(word),
        length__lte=len(word) + SLACK,
    )
    return list(about.order_by("text").values_list("text", flat=True)[:NEIGHBOURS])
