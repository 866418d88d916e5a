"""What a later version of the shop's code changes, each time a bit more: level 1, 2, 3 ...

A column that it writes and the code before does not know; a field more in orders.created, which
its readers have a default for; and payments.processed in its next version, in which a field has
another name. Its own reader of that brings older versions up to date; older code cannot read it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import CharField

from apps.inventory.handlers import PlacedOrder
from apps.orders import handlers
from apps.orders.events import OrderCreated
from apps.orders.models import Order
from apps.orders.operations import beginning
from apps.payments.operations import rows
from bench.chaos.newer.levels import brand_of, column_of
from eventbus import Envelope, event, payload, upcast
from eventbus.contract import contracts
from eventbus.registry import subscribers


def change(level: int) -> None:
    """Make this process one of that level."""
    for number in range(1, level + 1):
        column = CharField(max_length=9, default=f"level {level}"[:9], db_default="")
        Order.add_to_class(column_of(number), column)
    add_field(level)
    publish_renamed(level)
    read_renamed(level)


def add_field(level: int) -> None:
    """orders.created says `chaos_level`; inventory, which reads it, can do without."""
    added = {"__annotations__": {"chaos_level": int}, "__module__": __name__}
    del contracts["orders.created", 1]
    declare = event("orders.created", version=1, subject="subject")
    newer: Any = type("OrderCreated", (OrderCreated,), {**added, "chaos_level": level})
    setattr(beginning, "OrderCreated", declare(newer))  # noqa: B010  (it imports the name)
    readers = subscribers["inventory"].handlers
    view: type[Any] = payload(type("PlacedOrder", (PlacedOrder,), {**added, "chaos_level": 0}))
    readers["orders.created"] = replace(readers["orders.created"], view=view)


def publish_renamed(level: int) -> None:
    """Payments tell it in their newest version, which is in no file: `private`."""
    fields = {"order_id": UUID, "amount": Decimal, "currency": str, "last4": str}
    fields[brand_of(level)] = str
    told: type[Any] = type("Processed", (), {"__annotations__": fields, "__module__": __name__})
    newest = event("payments.processed", version=level + 1, private=True)(told)

    def processed(*, brand: str, **facts: Any) -> Any:
        return newest(**facts, **{brand_of(level): brand})

    setattr(rows, "PaymentProcessed", processed)  # noqa: B010  (it imports the name)


def read_renamed(level: int) -> None:
    """Orders read it in their newest version, and what is older."""
    fields = {"order_id": UUID, "last4": str, brand_of(level): str}
    view: type[Any] = payload(type("Paid", (), {"__annotations__": fields, "__module__": __name__}))

    def confirm(payments: Sequence[Any], events: Sequence[Envelope]) -> None:
        brands = [getattr(paid, brand_of(level)) for paid in payments]
        of_today = [
            handlers.Paid(order_id=paid.order_id, brand=brand, last4=paid.last4)
            for paid, brand in zip(payments, brands, strict=True)
        ]
        handlers.confirm(of_today, events)

    confirm.__module__ = handlers.__name__  # where handlers of orders are allowed
    readers = subscribers["orders"].handlers
    readers["payments.processed"] = replace(
        readers["payments.processed"], function=confirm, view=view
    )
    for number in range(level):
        upcast("payments.processed", version=number + 1, subscriber="orders")(renamed(number))


def renamed(level: int) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """From the version that the level before brought to that of the next."""

    def step(old: Mapping[str, Any]) -> Mapping[str, Any]:
        rest = {name: value for name, value in old.items() if name != brand_of(level)}
        return {**rest, brand_of(level + 1): old[brand_of(level)]}

    return step
