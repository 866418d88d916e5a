"""Search that forgives: what was asked for; else what was probably meant; else what comes near."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.products.queries.listing import Card
from apps.products.queries.shelf import Shelf, shelf
from apps.products.queries.tree import Branch, Tree
from apps.products.queries.wishes import BEST, Wish
from apps.products.search import normal, respelt
from apps.products.search.spelling import forgiven, slips

NEAREST = 4  # products that are offered instead
SUGGESTED, BRANCHES_SUGGESTED = 6, 3
LETTERS = 4  # of a word that is too short to be nearly another


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    shelf: Shelf
    wish: Wish  # that the shelf is of
    respelt: str = ""  # what was looked for instead of the words that were asked for
    nearest: Sequence[Card] = ()  # in place of nothing


def find(wish: Wish, tree: Tree, *, size: int) -> Found:
    """The page that the wish asks for. Only where nothing has the words, in more than one query,
    with the words spelt as they are in use; and if nothing has these, what has some of them."""
    shown = shelf(wish, tree, size=size)
    if shown.pool or not wish.words:
        return Found(shelf=shown, wish=wish)
    meant = replace(wish, words=respelt(wish.words))
    if meant.words != wish.words:
        again = shelf(meant, tree, size=size)
        if again.pool:
            return Found(shelf=again, wish=meant, respelt=" ".join(meant.words))
    some = Wish(words=meant.words, every=False, ordering=BEST)
    return Found(shelf=shown, wish=wish, nearest=shelf(some, tree, size=NEAREST).cards)


def suggested(words: Sequence[str], tree: Tree) -> list[Card]:
    """The products that the words, the last perhaps unfinished, fit best; a few."""
    if not words:
        return []
    best = Wish(words=words, ordering=BEST)
    return list(find(best, tree, size=SUGGESTED).shelf.cards)


def branches_like(words: Sequence[str], tree: Tree) -> list[Branch]:
    """The categories with a word in their title that begins as one of the words or is nearly one;
    a few."""
    return [
        branch
        for branch in tree.values()
        if any(_alike(word, its) for word in words for its in normal(branch.title).split())
    ][:BRANCHES_SUGGESTED]


def _alike(word: str, its: str) -> bool:
    return its.startswith(word) or (len(word) > LETTERS and slips(word, its) <= forgiven(word) // 2)
