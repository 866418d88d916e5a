"""The articles themselves: heard of from the catalogue, counted by staff."""

from collections.abc import Iterable

from django.db import transaction

from apps.inventory.models import LedgerEntry, StockItem
from apps.inventory.operations.rows import Shelf, level_of
from eventbus import publish

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


@transaction.atomic
def learn_article(*, sku: str, title: str, active: bool, version: int) -> None:
    """Keep the article as the catalogue tells it; an older version than the one kept is ignored.

    A new article has no units, and that is announced: its readers know then that it is sold out.
    """
    told = {"title": title, "active": active, "article_version": version}
    item, is_new = StockItem.objects.get_or_create(sku=sku, defaults=told)
    if is_new:
        publish(level_of(item), key=sku)
    else:
        StockItem.objects.filter(pk=item.pk, article_version__lt=version).update(**told)


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
