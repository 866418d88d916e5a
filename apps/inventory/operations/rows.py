"""The stock rows: locked in SKU order, moved together, and what is then to be told."""

from collections.abc import Iterable, Mapping, Sequence

from apps.inventory.events import StockChanged, StockLow
from apps.inventory.models import StockItem
from eventbus import publish


def lock_items(skus: Iterable[str]) -> list[StockItem]:
    """The articles among `skus` that inventory knows, locked in SKU order."""
    return list(StockItem.objects.filter(sku__in=set(skus)).order_by("sku").select_for_update())


def move_units(
    items: Sequence[StockItem], units: Mapping[str, int], *, on_hand: int = 0, held: int = 0
) -> None:
    """Add `on_hand` and `held` times the article's `units` to its numbers and tell the world.

    `items` are locked by the caller, who has made sure that the numbers allow it: where they do
    not, a CHECK of the database refuses the whole transaction.
    """
    facts = [_move(item, on_hand * units[item.sku], held * units[item.sku]) for item in items]
    StockItem.objects.bulk_update(items, ["on_hand", "held", "version", "low_notified"])
    for fact in (fact for told in facts for fact in told):
        publish(fact, key=fact.sku)


def _move(item: StockItem, on_hand: int, held: int) -> list[StockChanged | StockLow]:
    before = item.available
    item.on_hand += on_hand
    item.held += held
    if item.available == before:
        return []
    item.version += 1
    changed = StockChanged(sku=item.sku, available=item.available, version=item.version)
    return [changed, *_low(item, fell=item.available < before)]


def _low(item: StockItem, *, fell: bool) -> list[StockLow]:
    """The warning, once each time that the article falls to its threshold."""
    if item.available > item.low_threshold:
        item.low_notified = False
    elif fell and not item.low_notified:
        item.low_notified = True
        low = StockLow(sku=item.sku, available=item.available, threshold=item.low_threshold)
        return [low]
    return []
