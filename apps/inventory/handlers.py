"""What inventory does when something happens elsewhere. Once in effect for every event."""

from collections.abc import Collection
from uuid import UUID

from apps.inventory import operations
from eventbus import Envelope, payload, republisher, subscribe


@payload
class Article:
    """The part of products.changed that inventory keeps."""

    sku: str
    title: str
    version: int
    active: bool


@payload
class Wanted:
    """One line of an order."""

    sku: str
    quantity: int  # units


@payload
class PlacedOrder:
    """The part of orders.created that inventory reads."""

    order_id: UUID
    lines: tuple[Wanted, ...]
    retry_of: UUID | None


@payload
class KnownOrder:
    """The order that was confirmed or has ended."""

    order_id: UUID


@subscribe("products.changed")
def learn(article: Article) -> None:
    operations.learn_article(
        sku=article.sku, title=article.title, active=article.active, version=article.version
    )


@subscribe("orders.created")
def reserve(order: PlacedOrder) -> None:
    operations.reserve_stock(order_id=order.order_id, lines=order.lines, retry_of=order.retry_of)


@subscribe("orders.confirmed")
def commit(order: KnownOrder) -> None:
    operations.commit_hold(order_id=order.order_id)


@subscribe("payments.failed", "orders.failed", "orders.cancelled")
def release(order: KnownOrder, event: Envelope) -> None:
    operations.release_hold(order_id=order.order_id, why=event.name)


@republisher("inventory.stock_changed")
def tell_levels(skus: Collection[str] | None) -> int:
    return operations.announce_levels(skus=skus)
