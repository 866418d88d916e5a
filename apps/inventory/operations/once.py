"""Adjustments that are sent again, because nobody knows whether they arrived."""

from typing import NamedTuple

from django.db import transaction

from apps.inventory.models import AdjustmentKey, LedgerEntry
from apps.inventory.operations.rows import lock_items
from apps.inventory.operations.stock import StockRefused, adjust_stock


class KeyReused(StockRefused):
    """This key came with another adjustment before. A new adjustment needs a new key."""

    code = "idempotency_key_reused"


class Adjusted(NamedTuple):
    """What came of an adjustment, and whether that was so before."""

    entry: LedgerEntry
    replayed: bool


@transaction.atomic
def adjust_stock_once(*, sku: str, delta: int, reason: str, by: str, key: str) -> Adjusted:
    """As `adjust_stock`, once for each `key` (1 to 255 characters) of this person and article: the
    same again gives the entry of the first time. What is refused is not kept.

    Also raises KeyReused, when the key came with another `delta` or `reason`.
    """
    lock_items([sku])  # the same key at the same time waits here
    mine = {"by": by, "sku": sku, "key": key}
    kept = AdjustmentKey.objects.filter(**mine).select_related("entry").first()
    if kept is None:
        entry = adjust_stock(sku=sku, delta=delta, reason=reason, by=by)
        AdjustmentKey.objects.create(**mine, entry=entry)
        return Adjusted(entry, replayed=False)
    if (kept.entry.delta, kept.entry.reason) != (delta, reason.strip()):
        raise KeyReused
    return Adjusted(kept.entry, replayed=True)
