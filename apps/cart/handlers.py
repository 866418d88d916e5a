"""What the cart does when something happens elsewhere. Once in effect for every event;
where orders meet, a run of them at once."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from apps.cart import operations
from eventbus import Envelope, payload, subscribe


@payload
class ArticleView:
    sku: str
    title: str
    price: Decimal
    currency: str
    version: int
    picture: str
    url: str
    active: bool
    tax_class: str = "standard"


@payload
class StockLevel:
    sku: str
    available: int
    version: int


@payload
class OrderedLine:
    sku: str
    quantity: int
    unit_price: Decimal


@payload
class PlacedOrder:
    order_id: UUID
    cart_id: UUID
    cart_version: int
    placed_at: datetime
    lines: tuple[OrderedLine, ...]
    owner: str = ""
    coupon: str | None = None


@payload
class EndedOrder:
    order_id: UUID


@payload
class UntouchedCart:
    cart_id: UUID
    changed_at: datetime


@subscribe("products.changed", batch=True)
def know_articles(articles: Sequence[ArticleView]) -> None:
    operations.record_articles(articles)


@subscribe("inventory.stock_changed", batch=True)
def know_stock(levels: Sequence[StockLevel]) -> None:
    operations.record_stock(levels)


@subscribe("orders.created", batch=True)
def hold_carts(orders: Sequence[PlacedOrder], events: Sequence[Envelope]) -> None:
    operations.record_orders(orders, causes=events)


@subscribe("orders.confirmed", "orders.failed", "orders.cancelled", batch=True)
def let_go(orders: Sequence[EndedOrder], events: Sequence[Envelope]) -> None:
    statuses = [event.name.removeprefix("orders.") for event in events]
    ids = [order.order_id for order in orders]
    operations.settle_orders(list(zip(ids, statuses, strict=True)))


@subscribe("cart.expired")
def expire(cart: UntouchedCart) -> None:
    operations.expire_cart(cart_id=cart.cart_id, changed_at=cart.changed_at)
