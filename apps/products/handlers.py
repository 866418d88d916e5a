"""What the catalogue does when something happens elsewhere. Once an event, in one transaction."""

from apps.products import operations
from eventbus import payload, subscribe


@payload
class StockLevel:
    sku: str
    available: int
    version: int


@subscribe("inventory.stock_changed")
def show_stock(level: StockLevel) -> None:
    operations.record_availability(sku=level.sku, available=level.available, version=level.version)
