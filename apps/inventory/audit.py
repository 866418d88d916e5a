"""What must hold of the stock by itself, and the facts that the shop compares with those of the
other contexts; read by `manage.py check_invariants` (docs/invariants.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Exists, F, OuterRef, Q

from apps.inventory import queries
from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem

type Found = Iterator[tuple[str, list[str], list[tuple[str, str]]]]  # words, keys, rows

CHUNK = 500  # rows in memory at once


# Facts, in the order of their first field ---------------------------------------------------------
def holds() -> Iterator[Mapping[str, Any]]:
    """What became of each order's claim on the stock."""
    rows = Hold.objects.order_by("order_id").values("order_id", "id", "status")
    return rows.iterator(CHUNK)


def sold_lines() -> Iterator[Mapping[str, Any]]:
    """What each order has bought, in units."""
    lines = HoldLine.objects.filter(hold__status=Hold.Status.COMMITTED)
    rows = lines.order_by("hold__order_id", "sku")
    return rows.values("sku", "quantity", order_id=F("hold__order_id")).iterator(CHUNK)


def levels() -> Iterator[Mapping[str, Any]]:
    """What can be sold of each article, in units, and what is known of it."""
    rows = StockItem.objects.order_by("sku").values(
        "sku", "title", "active", "article_version", "version", available=F("on_hand") - F("held")
    )
    return rows.iterator(CHUNK)


# Checks -----------------------------------------------------------------------------------------
def off_the_ledger() -> Found:
    """Units on hand, sold and restocked that the ledger does not have so."""
    for each in queries.contradictions():
        if each.what != "held":
            table = "inventory_hold" if each.order_id else "inventory_stockitem"
            about = str(each.order_id or each.sku)
            yield str(each), [about], [(table, about)]
    yield from _sold_to_nobody()


def wrongly_held() -> Found:
    """Held units that are not those of the open holds, or more than there are."""
    for each in queries.contradictions():
        if each.what == "held":
            yield str(each), [each.sku], [("inventory_stockitem", each.sku)]
    for item in StockItem.objects.filter(Q(held__gt=F("on_hand")) | Q(held__lt=0)):
        what = f"{item.sku}: {item.held} held of {item.on_hand}"
        yield what, [item.sku], [("inventory_stockitem", str(item.pk))]


def _sold_to_nobody() -> Found:
    """Ledger rows of an order that did not buy them."""
    status = Hold.Status
    entries = LedgerEntry.objects.filter(order_id__isnull=False)
    mine = {"hold__order_id": OuterRef("order_id"), "sku": OuterRef("sku")}
    bought = HoldLine.objects.filter(**mine, hold__status__in=[status.COMMITTED, status.RESTOCKED])
    for row in entries.filter(~Exists(bought)).order_by("id").iterator(CHUNK):
        what = f"{row.sku}: the ledger says {row.delta:+d} {row.kind} of order {row.order_id}"
        yield what, [str(row.order_id)], [("inventory_ledgerentry", str(row.pk))]


FACTS = {"holds": holds, "sold_lines": sold_lines, "levels": levels}
ALWAYS = {"I1": [off_the_ledger], "I2": [wrongly_held]}
AT_REST: dict[str, list[Any]] = {}
