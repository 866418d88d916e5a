"""A transactional event bus on the database that the application already has.

    @event("orders.created", version=1)        declare what happened, typed
    publish(OrderCreated(...), key=order.pk)   in the transaction that made it true
    @subscribe("orders.created")               react, exactly once in effect

See docs/bus.md for the promises and how they are kept.
"""

from typing import TYPE_CHECKING, Any

from eventbus.contract import Personal, document, event, payload
from eventbus.envelope import Envelope
from eventbus.errors import NotInTransaction, Reject, Retry
from eventbus.outbox import publish, unschedule
from eventbus.registry import republisher, subscribe, upcast

if TYPE_CHECKING:
    from eventbus.erasure import erase

__all__ = [
    "Envelope",
    "NotInTransaction",
    "Personal",
    "Reject",
    "Retry",
    "document",
    "erase",
    "event",
    "payload",
    "publish",
    "republisher",
    "subscribe",
    "unschedule",
    "upcast",
]


def __getattr__(name: str) -> Any:
    """`erase` needs the tables, and the apps that import this package are loaded before them."""
    if name == "erase":
        from eventbus import erasure

        return erasure.erase
    raise AttributeError(name)
