"""What the catalogue does when something happens elsewhere. Once in effect for every event;
where orders meet, a run of them at once."""

from collections.abc import Collection, Sequence
from uuid import UUID

from apps.products import operations
from eventbus import Envelope, payload, republisher, subscribe


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


@subscribe("inventory.stock_changed", batch=True)
def show_stock(levels: Sequence[StockLevel], told: Sequence[Envelope]) -> None:
    operations.record_availability(levels, told)


@subscribe("products.sale_began")
def begin_sale(sale: SaleDue) -> None:
    operations.begin_sale(price_list=sale.price_list, revision=sale.revision)


@subscribe("products.sale_ended")
def end_sale(sale: SaleDue) -> None:
    operations.end_sale(price_list=sale.price_list, revision=sale.revision)


@subscribe("orders.created", batch=True)
def note_purchases(orders: Sequence[PlacedOrder]) -> None:
    operations.note_purchases(orders)


@subscribe("orders.confirmed", batch=True)
def confirm_purchases(orders: Sequence[OfOrder]) -> None:
    operations.confirm_purchases([order.order_id for order in orders])


@subscribe("orders.cancelled", batch=True)
def cancel_purchases(orders: Sequence[OfOrder]) -> None:
    operations.cancel_purchases([order.order_id for order in orders])


@republisher("products.changed")
def tell_articles(skus: Collection[str] | None) -> int:
    return operations.announce(skus=skus)
