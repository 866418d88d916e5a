"""What the catalogue does when something happens elsewhere. Once an event, in one transaction."""

from collections.abc import Collection
from uuid import UUID

from apps.products import operations
from eventbus import payload, republisher, subscribe


@payload
class StockLevel:
    sku: str
    available: int
    version: int


@payload
class SaleDue:
    price_list: UUID
    revision: int


@payload
class OrderedLine:
    sku: str


@payload
class PlacedOrder:
    """The part of orders.created that the catalogue reads."""

    order_id: UUID
    customer_id: UUID | None
    lines: tuple[OrderedLine, ...]


@payload
class OfOrder:
    """Any other event of an order."""

    order_id: UUID


@subscribe("inventory.stock_changed")
def show_stock(level: StockLevel) -> None:
    operations.record_availability(sku=level.sku, available=level.available, version=level.version)


@subscribe("products.sale_began")
def begin_sale(sale: SaleDue) -> None:
    operations.begin_sale(price_list=sale.price_list, revision=sale.revision)


@subscribe("products.sale_ended")
def end_sale(sale: SaleDue) -> None:
    operations.end_sale(price_list=sale.price_list, revision=sale.revision)


@subscribe("orders.created")
def note_purchase(order: PlacedOrder) -> None:
    skus = [line.sku for line in order.lines]
    operations.note_purchase(order_id=order.order_id, customer_id=order.customer_id, skus=skus)


@subscribe("orders.confirmed")
def confirm_purchase(order: OfOrder) -> None:
    operations.confirm_purchase(order_id=order.order_id)


@subscribe("orders.cancelled")
def cancel_purchase(order: OfOrder) -> None:
    operations.cancel_purchase(order_id=order.order_id)


@republisher("products.changed")
def tell_articles(skus: Collection[str] | None) -> int:
    return operations.announce(skus=skus)
