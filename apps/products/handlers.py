"""What the catalogue does when something happens elsewhere. Once an event, in one transaction."""

from collections.abc import Collection

from apps.products import operations
from eventbus import payload, republisher, subscribe


@payload
class StockLevel:
    sku: str
    available: int
    version: int


@subscribe("inventory.stock_changed")
def show_stock(level: StockLevel) -> None:
    operations.record_availability(sku=level.sku, available=level.available, version=level.version)


@republisher("products.changed")
def tell_articles(skus: Collection[str] | None) -> int:
    return operations.announce(skus=skus)
