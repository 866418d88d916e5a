"""What inventory does when something happens elsewhere. Once in effect for every event; where
orders meet, a run of them at once."""

from collections.abc import Collection, Sequence
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


@subscribe("products.changed", batch=True)
def learn(articles: Sequence[Article], events: Sequence[Envelope]) -> None:
    operations.learn_articles(articles=articles, causes=events)


@subscribe("orders.created", batch=True)
def reserve(orders: Sequence[PlacedOrder], events: Sequence[Envelope]) -> None:
    operations.reserve_stock(orders=orders, causes=events)


@subscribe("orders.confirmed", batch=True)
def commit(orders: Sequence[KnownOrder], events: Sequence[Envelope]) -> None:
    operations.commit_holds(order_ids=[order.order_id for order in orders], causes=events)


@subscribe("payments.failed", "orders.failed", "orders.cancelled", batch=True)
def release(orders: Sequence[KnownOrder], events: Sequence[Envelope]) -> None:
    ended = [(order.order_id, event.name) for order, event in zip(orders, events, strict=True)]
    operations.release_holds(ended=ended, causes=events)


@republisher("inventory.stock_changed")
def tell_levels(skus: Collection[str] | None) -> int:
    return operations.announce_levels(skus=skus)
