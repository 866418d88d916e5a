"""The stock rows: locked in SKU order, moved in memory, written as one set, and then told."""

from collections.abc import Iterable, Mapping, Sequence

from apps.inventory.events import StockChanged, StockLow
from apps.inventory.models import StockItem
from eventbus import Envelope, publish

WRITTEN = ("on_hand", "held", "version", "low_notified")


class Shelf:
    """The stock rows that a transaction has locked, as they will be when it ends.

    `move` and `settle` decide, `write` writes. Where the numbers do not allow a move, a CHECK of
    the database refuses the whole transaction then.
    """

    def __init__(self, skus: Iterable[str]) -> None:
        self._items: dict[str, StockItem] = {}
        self._before: dict[str, int] = {}  # available units when the step began, of what it moved
        self._moved: set[str] = set()
        self._changed: dict[str, Envelope | None] = {}  # what is told, with the last cause
        self._low: list[tuple[StockLow, Envelope | None]] = []
        self.lock(skus)

    def lock(self, skus: Iterable[str]) -> None:
        """Lock the articles among `skus` that inventory knows, in SKU order."""
        self._items |= {item.sku: item for item in lock_items(set(skus) - self._items.keys())}

    def item(self, sku: str) -> StockItem | None:
        """The article; None when inventory has not heard of it."""
        return self._items.get(sku)

    def available(self, sku: str) -> int:
        """Units that can be sold now; an unknown article has none."""
        item = self._items.get(sku)
        return item.available if item else 0

    def move(self, units: Mapping[str, int], *, on_hand: int = 0, held: int = 0) -> None:
        """Add `on_hand` and `held` times an article's `units` to its numbers."""
        for sku, quantity in units.items():
            item = self._items[sku]
            self._before.setdefault(sku, item.available)
            item.on_hand += on_hand * quantity
            item.held += held * quantity

    def settle(self, cause: Envelope | None = None) -> None:
        """End a step: what one order, or one adjustment, has changed is one change to the world."""
        for sku, before in sorted(self._before.items()):
            item = self._items[sku]
            if item.available != before:
                item.version += 1
                self._changed[sku] = cause
                self._mind_threshold(item, cause, fell=item.available < before)
        self._moved |= self._before.keys()
        self._before = {}

    def write(self) -> None:
        """Write all rows in one statement, then tell the world: a level once an article, as it is
        in the end; low stock once each time that an article fell to its threshold."""
        write_items([self._items[sku] for sku in sorted(self._moved)], WRITTEN)
        for sku, cause in sorted(self._changed.items()):
            publish(level_of(self._items[sku]), key=sku, cause=cause)
        for low, cause in self._low:
            publish(low, key=low.sku, cause=cause)

    def _mind_threshold(self, item: StockItem, cause: Envelope | None, *, fell: bool) -> None:
        if item.available > item.low_threshold:
            item.low_notified = False
        elif fell and not item.low_notified:
            item.low_notified = True
            low = StockLow(sku=item.sku, available=item.available, threshold=item.low_threshold)
            self._low.append((low, cause))


def lock_items(skus: Iterable[str]) -> list[StockItem]:
    """The articles among `skus` that inventory knows, locked in SKU order."""
    return list(StockItem.objects.filter(sku__in=set(skus)).order_by("sku").select_for_update())


def write_items(items: Sequence[StockItem], fields: Sequence[str]) -> None:
    """Write those fields of rows that are there and locked, in one statement."""
    if items:  # of all ways to UPDATE many rows to values of their own, the upsert is the quickest
        StockItem.objects.bulk_create(
            items, update_conflicts=True, unique_fields=["id"], update_fields=fields
        )


def level_of(item: StockItem) -> StockChanged:
    """What the world is told of the article's stock."""
    return StockChanged(sku=item.sku, available=item.available, version=item.version)
