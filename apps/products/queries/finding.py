"""Search that forgives: what was asked for; else what was probably meant; else what comes near."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from apps.products.queries.listing import Card
from apps.products.queries.shelf import Shelf, best_cards, shelf
from apps.products.queries.tree import Branch, Tree
from apps.products.queries.wishes import Wish
from apps.products.search import completed, normal, respelt, terms
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


def find(wish: Wish, words: Sequence[str], tree: Tree, *, size: int) -> Found:
    """The page that the wish asks for, whose terms are the words. Only where nothing has them, in
    more than one query: with the last word finished; with the words spelt as they are in use; and
    if nothing has these, what has some of them."""
    shown = shelf(wish, tree, size=size)
    if shown.pool or not words:
        return Found(shelf=shown, wish=wish)
    finished = replace(wish, terms=completed(words))
    if len(finished.terms[-1]) > 1 and (again := shelf(finished, tree, size=size)).pool:
        return Found(shelf=again, wish=finished)
    meant = respelt(words)
    spelt = replace(wish, terms=terms(meant))
    if meant != list(words) and (again := shelf(spelt, tree, size=size)).pool:
        return Found(shelf=again, wish=spelt, respelt=" ".join(meant))
    nearest = best_cards(terms(meant), tree, size=NEAREST, every=False)
    return Found(shelf=shown, wish=wish, nearest=nearest)


def suggested(words: Sequence[str], tree: Tree) -> list[Card]:
    """The products that the words, the last perhaps unfinished, fit best; a few."""
    if not words:
        return []
    return best_cards(completed(words), tree, size=SUGGESTED) or best_cards(
        terms(respelt(words)), tree, size=SUGGESTED
    )


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
