"""Rows and events for the tests of inventory."""

from typing import Any
from uuid import UUID

import factory
from uuid_utils.compat import uuid7

from apps.inventory.models import StockItem
from apps.inventory.operations import adjust_stock
from eventbus.testing import emit

ORDER = {
    "number": "K7Q2-M4",
    "placed_at": "2026-11-22T12:00:00+00:00",
    "subject": "5f0c",
    "owner": "cart:5f0c",
    "customer_id": None,
    "email": "ada@example.com",
    "url": "https://shop.example/orders/1/",
    "currency": "EUR",
    "subtotal": "24.00",
    "discount": "0.00",
    "shipping": "0.00",
    "tax": "4.00",
    "total": "24.00",
    "payment_method": "pm_1",
    "cart_id": "01940000-0000-7000-8000-000000000001",
    "cart_version": 1,
    "retry_of": None,
    "pay_before": "2026-11-22T12:30:00+00:00",
}
ENDINGS: dict[str, dict[str, Any]] = {
    "orders.confirmed": {"number": "K7Q2-M4"},
    "orders.failed": {
        "number": "K7Q2-M4",
        "reason": "payment_declined",
        "message": "The card was declined.",
        "decline_code": "generic_decline",
        "missing": [],
    },
    "orders.cancelled": {"number": "K7Q2-M4", "by": "customer", "reason": "changed my mind"},
    "payments.failed": {
        "code": "card_declined",
        "decline_code": "generic_decline",
        "message": "The card was declined.",
    },
}


class StockItemFactory(factory.django.DjangoModelFactory):
    """An article as inventory knows it from the catalogue: without units."""

    class Meta:
        model = StockItem

    sku = factory.Sequence(lambda n: f"MUG-{n}")
    title = factory.LazyAttribute(lambda item: f"Article {item.sku}")
    article_version = 1


def stocked(sku: str, units: int, **fields: Any) -> StockItem:
    """An article with that many units on hand, and the ledger row that says why."""
    item: StockItem = StockItemFactory(sku=sku, **fields)
    if units:
        adjust_stock(sku=sku, delta=units, reason="Delivery 7", by="user:1")
    return item


def create(
    *lines: tuple[str, int], order: UUID | None = None, retry_of: UUID | None = None
) -> UUID:
    """`orders.created` for (sku, quantity) lines; says the order's id."""
    order = order or uuid7()
    wanted = [
        {"sku": sku, "title": sku, "quantity": quantity, "unit_price": "12.00"}
        for sku, quantity in lines
    ]
    retried = str(retry_of) if retry_of else None
    payload = {**ORDER, "order_id": str(order), "lines": wanted, "retry_of": retried}
    emit("orders.created", payload, key=order)
    return order


def end(name: str, order: UUID) -> None:
    """The event `name` that ends or confirms the order."""
    emit(name, {**ENDINGS[name], "order_id": str(order)}, key=order)


def change_product(sku: str, *, version: int, title: str = "Mug", active: bool = True) -> None:
    """`products.changed` for the article."""
    payload = {
        "product_id": str(uuid7()),
        "sku": sku,
        "title": title,
        "price": "12.00",
        "currency": "EUR",
        "version": version,
        "picture": "/products/pictures/mug.svg",
        "url": "/products/mug/",
        "active": active,
    }
    emit("products.changed", payload, key=sku)


def numbers(sku: str) -> tuple[int, int]:
    """The article's (on_hand, held)."""
    return StockItem.objects.values_list("on_hand", "held").get(sku=sku)
