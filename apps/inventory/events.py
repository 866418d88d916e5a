"""What the inventory context tells the world. Fields are only ever added; see docs/events.md."""

from uuid import UUID

from eventbus import event, payload


@payload
class ReservedLine:
    """Units held for an order."""

    sku: str
    quantity: int  # units, 1 or more


@payload
class MissingLine:
    """An article of which too little was left."""

    sku: str
    wanted: int  # units
    available: int  # units, 0 or more


@event("inventory.reserved", version=1)
class StockReserved:
    """Every line of the order is held."""

    order_id: UUID
    lines: tuple[ReservedLine, ...]


@event("inventory.failed", version=1)
class ReservationFailed:
    """At least one line could not be held, so none is."""

    order_id: UUID
    missing: tuple[MissingLine, ...]  # never empty


@event("inventory.released", version=1)
class StockReleased:
    """What the order held is for sale again."""

    order_id: UUID
    why: str  # the name of the event that caused it
    restocked: bool  # the stock had been committed to a confirmed order


@event("inventory.stock_changed", version=1, state=True)
class StockChanged:
    """How many units of an article can be sold now. Readers keep the highest version."""

    sku: str
    available: int  # units: on hand less held, 0 or more
    version: int


@event("inventory.low_stock", version=1)
class StockLow:
    """An article fell to its threshold; told once a crossing."""

    sku: str
    available: int  # units
    threshold: int  # units
