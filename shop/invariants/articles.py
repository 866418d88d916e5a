"""What the contexts say of one article, compared. A shop has fewer articles than orders: these are
held in memory."""

from collections.abc import Iterator, Sequence

from shop.invariants.joining import Fact
from shop.invariants.violation import Found

type Known = dict[str, Fact]  # by SKU

TABLES = {
    "availabilities": "products_availability",
    "cart_stock": "cart_stock",
    "cart_articles": "cart_article",
    "known_prices": "orders_price",
    "levels": "inventory_stockitem",
}


def known(rows: Iterator[Fact]) -> Known:
    """The rows by SKU."""
    return {row["sku"]: row for row in rows}


def differing(
    source: Known, reader: Known, table: str, fields: Sequence[tuple[str, str]]
) -> Iterator[Found]:
    """Articles of which the reader's fields are not the source's."""
    for sku in sorted({*source, *reader}):
        said = _values(source.get(sku), [ours for ours, _ in fields])
        read = _values(reader.get(sku), [theirs for _, theirs in fields])
        if said != read:
            names = ", ".join(ours for ours, _ in fields)
            what = f"{sku}: {names} are {_words(said)}, in {table} {_words(read)}"
            yield what, [sku], [(table, sku)]


def _values(row: Fact | None, fields: list[str]) -> list[object] | None:
    return None if row is None else [row[name] for name in fields]


def _words(values: list[object] | None) -> str:
    return "unknown" if values is None else ", ".join(map(str, values))
