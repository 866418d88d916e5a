"""The articles themselves: heard of from the catalogue, counted by staff."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Protocol

from django.db import transaction

from apps.inventory.models import LedgerEntry, StockItem
from apps.inventory.operations.rows import Shelf, level_of, lock_items, write_items
from eventbus import Envelope, publish

MOST_UNITS = 1_000_000_000  # on hand; fits the database's integer and no real shelf


class StockRefused(Exception):
    """The stock cannot be changed like that."""

    code = "stock_refused"  # for programs

    def __init__(self, detail: str = "") -> None:
        message = " ".join((self.__doc__ or "").split())
        super().__init__(f"{message} {detail}".strip())


class UnknownSku(StockRefused):
    """There is no article with this SKU. Add it to the catalogue first."""

    code = "unknown_sku"


class NoChange(StockRefused):
    """An adjustment must add or take off at least one unit."""

    code = "no_change"


class NoReason(StockRefused):
    """An adjustment needs a reason."""

    code = "no_reason"


class MoreThanAvailable(StockRefused):
    """Only available units can be taken off the stock, not those that orders hold: cancel those
    orders first, or take off less."""

    code = "more_than_available"


class TooManyUnits(StockRefused):
    """That is more than can be on hand."""

    code = "too_many_units"


class KnownArticle(Protocol):
    """An article as the catalogue tells it."""

    @property
    def sku(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def active(self) -> bool: ...
    @property
    def version(self) -> int: ...


@transaction.atomic
def learn_articles(*, articles: Sequence[KnownArticle], causes: Sequence[Envelope] = ()) -> None:
    """Keep the articles as the catalogue tells them, of each the highest version.

    A new article has no units, and that is announced: its readers know then that it is sold out.
    `causes` are the events that the articles, in their order, come from.
    """
    told = dict(zip_longest((each.sku for each in articles), causes))
    newest = {each.sku: each for each in sorted(articles, key=lambda each: each.version)}
    known = lock_items(newest)
    rows = [_row(newest[sku]) for sku in sorted(newest.keys() - {item.sku for item in known})]
    StockItem.objects.bulk_create(rows, ignore_conflicts=True)
    mine = {row.pk for row in rows}
    for item in lock_items(row.sku for row in rows):
        if item.pk in mine:
            publish(level_of(item), key=item.sku, cause=told[item.sku])
        else:
            known.append(item)  # another transaction was faster by a moment
    _renew(known, newest)


def _row(article: KnownArticle) -> StockItem:
    facts = {"title": article.title, "active": article.active, "article_version": article.version}
    return StockItem(sku=article.sku, **facts)


def _renew(known: Iterable[StockItem], newest: Mapping[str, KnownArticle]) -> None:
    changed = []
    for item in known:
        article = newest[item.sku]
        if item.article_version < article.version:
            item.title, item.active = article.title, article.active
            item.article_version = article.version
            changed.append(item)
    write_items(changed, ("title", "active", "article_version"))


@transaction.atomic
def adjust_stock(*, sku: str, delta: int, reason: str, by: str) -> LedgerEntry:
    """Add `delta` units (negative: take off) to the units on hand and record why and by whom.

    What orders hold is promised to them and cannot be taken off, so cancelling or confirming
    them succeeds after every adjustment. Raises NoChange, NoReason, UnknownSku,
    MoreThanAvailable or TooManyUnits; then nothing is changed.
    """
    if delta == 0:
        raise NoChange
    if not reason.strip():
        raise NoReason
    shelf = Shelf([sku])
    item = shelf.item(sku)
    if item is None:
        raise UnknownSku(f"SKU: {sku}.")
    _check_room(item, delta)
    shelf.move({sku: delta}, on_hand=+1)
    shelf.settle()
    shelf.write()
    kind = LedgerEntry.Kind.RECEIVED if delta > 0 else LedgerEntry.Kind.ADJUSTED
    return LedgerEntry.objects.create(sku=sku, delta=delta, kind=kind, reason=reason.strip(), by=by)


@transaction.atomic
def set_low_threshold(*, sku: str, threshold: int) -> None:
    """Warn of low stock at `threshold` units (0 or more) from the next change on.

    Raises UnknownSku.
    """
    if not StockItem.objects.filter(sku=sku).update(low_threshold=threshold):
        raise UnknownSku(f"SKU: {sku}.")


@transaction.atomic
def announce_levels(*, skus: Iterable[str] | None = None) -> int:
    """Tell how many units of the articles (None: of all) can be sold, again, with the versions
    they have, for readers that are new; says how many articles."""
    known = StockItem.objects.order_by("sku").select_for_update()
    items = list(known if skus is None else known.filter(sku__in=set(skus)))
    for item in items:
        publish(level_of(item), key=item.sku)
    return len(items)


def _check_room(item: StockItem, delta: int) -> None:
    if item.available + delta < 0:
        raise MoreThanAvailable(
            f"On hand: {item.on_hand}, held: {item.held},"
            f" so at most {item.available} can be taken off."
        )
    if item.on_hand + delta > MOST_UNITS:
        raise TooManyUnits(f"At most {MOST_UNITS}, on hand: {item.on_hand}.")
