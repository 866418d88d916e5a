"""Every read of the inventory."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem


def stock_levels() -> QuerySet[StockItem]:
    """Every article that inventory knows, in SKU order."""
    return StockItem.objects.order_by("sku")


def stock_item(sku: str) -> StockItem | None:
    """The article, or None when inventory has not heard of it."""
    return StockItem.objects.filter(sku=sku).first()


def ledger_of(sku: str) -> QuerySet[LedgerEntry]:
    """Every change of the article's units on hand, the newest first."""
    return LedgerEntry.objects.filter(sku=sku).order_by("-id")


def units_of(order_ids: Iterable[UUID]) -> dict[UUID, Mapping[str, int]]:
    """By order, the units by SKU that its hold is about; without orders that never held any."""
    lines = HoldLine.objects.filter(hold__order_id__in=list(order_ids)).order_by("sku")
    units: dict[UUID, Mapping[str, int]] = {}
    for order_id, sku, quantity in lines.values_list("hold__order_id", "sku", "quantity"):
        units[order_id] = {**units.get(order_id, {}), sku: quantity}
    return units


def never_stocked(skus: Iterable[str]) -> list[str]:
    """Those of the SKUs that inventory knows and that have no ledger row yet, in SKU order."""
    counted = LedgerEntry.objects.values("sku")
    items = StockItem.objects.filter(sku__in=list(skus)).exclude(sku__in=counted)
    return list(items.order_by("sku").values_list("sku", flat=True))


def unbalanced_items() -> QuerySet[StockItem]:
    """The articles whose numbers contradict their history; empty unless there is a defect.

    Each has `ledger_units` (the ledger's sum, which `on_hand` should be) and `open_units` (the
    sum of the open holds, which `held` should be).
    """
    ledger = LedgerEntry.objects.filter(sku=OuterRef("sku")).order_by().values("sku")
    held = HoldLine.objects.filter(sku=OuterRef("sku"), hold__status=Hold.Status.HELD)
    opened = held.order_by().values("sku")
    items = stock_levels().annotate(
        ledger_units=_sum(ledger.annotate(units=Sum("delta"))),
        open_units=_sum(opened.annotate(units=Sum("quantity"))),
    )
    return items.filter(~Q(on_hand=F("ledger_units")) | ~Q(held=F("open_units")))


def _sum(rows: QuerySet) -> Coalesce:
    return Coalesce(Subquery(rows.values("units")), 0, output_field=IntegerField())
