"""A transactional event bus on the database that the application already has.

    @event("orders.created", version=1)        declare what happened, typed
    publish(OrderCreated(...), key=order.pk)   in the transaction that made it true
    @subscribe("orders.created")               react, exactly once in effect

See docs/bus.md for the promises and how they are kept.
"""

from eventbus.contract import Personal, document, event, payload
from eventbus.envelope import Envelope
from eventbus.errors import NotInTransaction, Reject, Retry
from eventbus.outbox import publish, unschedule
from eventbus.registry import republisher, subscribe, upcast

__all__ = [
    "Envelope",
    "NotInTransaction",
    "Personal",
    "Reject",
    "Retry",
    "document",
    "event",
    "payload",
    "publish",
    "republisher",
    "subscribe",
    "unschedule",
    "upcast",
]
