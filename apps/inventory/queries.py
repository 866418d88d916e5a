"""Every read of the inventory."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem


def stock_levels(
    *, text: str = "", active: bool | None = None, low: bool | None = None
) -> QuerySet[StockItem]:
    """The articles that inventory knows, in SKU order: with `text` in SKU or title, still sold or
    not, at their threshold of low stock or above it."""
    items = StockItem.objects.order_by("sku")
    if text:
        items = items.filter(Q(sku__icontains=text) | Q(title__icontains=text))
    if active is not None:
        items = items.filter(active=active)
    if low is not None:
        is_low = Q(on_hand__lte=F("held") + F("low_threshold"))
        items = items.filter(is_low if low else ~is_low)
    return items


def stock_item(sku: str) -> StockItem | None:
    """The article, or None when inventory has not heard of it."""
    return StockItem.objects.filter(sku=sku).first()


def ledger(**wanted: object) -> QuerySet[LedgerEntry]:
    """The changes of units on hand with the `wanted` sku, kind, order_id and by, the newest
    first."""
    return LedgerEntry.objects.filter(**wanted).order_by("-id")


def holds(*, sku: str = "", **wanted: object) -> QuerySet[Hold]:
    """The orders' claims on the stock with the `wanted` status and order_id, those on `sku` if
    given, with their lines, the newest first."""
    found = Hold.objects.filter(**wanted).prefetch_related("lines").order_by("-id")
    if not sku:
        return found
    return found.filter(Exists(HoldLine.objects.filter(hold=OuterRef("pk"), sku=sku)))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Contradiction:
    """A number that is not what the history says. There is none unless there is a defect."""

    what: str  # "on_hand", "held", "sold" or "restocked"
    sku: str
    order_id: UUID | None = None  # of "sold" and "restocked"
    is_now: int  # units
    should_be: int  # units

    def __str__(self) -> str:
        order = f" of order {self.order_id}" if self.order_id else ""
        return f"{self.sku}: {self.what}{order} is {self.is_now}, should be {self.should_be}"

    def as_json(self) -> dict[str, Any]:
        """The same as JSON data."""
        order_id = str(self.order_id) if self.order_id else None
        return {**asdict(self), "order_id": order_id}


def contradictions() -> list[Contradiction]:
    """Everything in the stock's numbers that contradicts the ledger or the holds."""
    return [*_of_items(), *_of_lines()]


def unbalanced_items() -> QuerySet[StockItem]:
    """The articles whose numbers contradict their history; empty unless there is a defect.

    Each has `ledger_units` (the ledger's sum, which `on_hand` should be) and `open_units` (the
    sum of the open holds, which `held` should be).
    """
    ledger = LedgerEntry.objects.filter(sku=OuterRef("sku")).order_by().values("sku")
    held = HoldLine.objects.filter(sku=OuterRef("sku"), hold__status=Hold.Status.HELD)
    opened = held.order_by().values("sku")
    items = StockItem.objects.order_by("sku").annotate(
        ledger_units=_sum(ledger.annotate(units=Sum("delta"))),
        open_units=_sum(opened.annotate(units=Sum("quantity"))),
    )
    return items.filter(~Q(on_hand=F("ledger_units")) | ~Q(held=F("open_units")))


def _of_items() -> Iterator[Contradiction]:
    columns = {"on_hand": "ledger_units", "held": "open_units"}
    for row in unbalanced_items().values("sku", *columns, *columns.values()):
        for what, told in columns.items():
            is_now, should_be = row[what], row[told]
            if is_now != should_be:
                yield Contradiction(what=what, sku=row["sku"], is_now=is_now, should_be=should_be)


def _of_lines() -> Iterator[Contradiction]:
    """Lines of sold or restocked orders that the ledger does not have so."""
    sold, restocked = Hold.Status.COMMITTED, Hold.Status.RESTOCKED
    for kind, sign, statuses in (("sold", -1, (sold, restocked)), ("restocked", +1, (restocked,))):
        lines = HoldLine.objects.filter(hold__status__in=statuses)
        row = {"order_id": OuterRef("hold__order_id"), "sku": OuterRef("sku"), "kind": kind}
        entry = LedgerEntry.objects.filter(**row).order_by().values("sku")
        recorded = lines.annotate(recorded=_sum(entry.annotate(units=Sum("delta"))))
        wrong = recorded.exclude(recorded=sign * F("quantity")).select_related("hold")
        for line in wrong.order_by("sku", "hold__order_id"):
            yield Contradiction(
                what=kind,
                sku=line.sku,
                order_id=line.hold.order_id,
                is_now=line.recorded,
                should_be=sign * line.quantity,
            )


def _sum(rows: QuerySet) -> Coalesce:
    return Coalesce(Subquery(rows.values("units")), 0, output_field=IntegerField())
