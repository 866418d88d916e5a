"""Steps that may go first: whatever could happen before one of them might as well happen after it,
and what they do does not show in what must hold of every state. From a state that has one it is
enough to take that one. Each time it is taken it is held against what it may write and tell."""

from collections.abc import Collection
from dataclasses import dataclass

from eventbus.registry import subscribers
from shop.tests.explorer.scenarios import Scenario

# What orders only writes into the order's timeline, which nobody explored reads.
NOTES = (
    "inventory.reserved",
    "inventory.released",
    "payments.action_required",
    "payments.refund_failed",
    "notifications.sent",
)
# What orders decides by. An order that was decided never becomes PENDING again, so from then on they
# too are no more than a note.
VERDICTS = ("inventory.failed", "payments.processed", "payments.failed", "orders.payment_due")
# What inventory does when an order was decided is its own affair: no other step reads its tables.
# What the machine wants to be so of the others then (`model.py`) stays so. But where orders overtake
# each other, what one gives back another may get; a sale leaves as much to be had as before.
DECIDED = ("orders.confirmed", "orders.failed", "orders.cancelled")
SOLD = ("orders.confirmed",)
TOLD_BY_INVENTORY = frozenset(
    {"inventory.released", "inventory.stock_changed", "inventory.low_stock"}
)


@dataclass(frozen=True, slots=True)
class Freedom:
    """What a step that may go first writes and tells at most, and what might not as well come after
    it."""

    writes: frozenset[str]  # tables
    tells: frozenset[str] = frozenset()  # events
    unlike: frozenset[str] = frozenset()  # kinds of acts: when one is left, it does not go first
    rivals: str = ""  # how the names of second deliveries begin that have to be tried beside it

    def goes_first(self, left: Collection[str]) -> bool:
        """Whether it may, with these kinds of acts left."""
        return self.unlike.isdisjoint(left)

    def overstepped(self, writes: Collection[str], tells: Collection[str]) -> list[str]:
        """What it did beyond that."""
        more = [*({*writes} - self.writes), *({*tells} - self.tells)]
        return [f"a step that may go first has touched {each}" for each in sorted(more)]


NOTE = Freedom(frozenset({"orders_timelineentry", "eventbus_cursor"}))
# An external event is put aside for its call to be made. That is seen only by a second delivery,
# which there is not while something of the order is put aside.
PARKING = Freedom(
    frozenset({"eventbus_parked", "eventbus_cursor"}), unlike=frozenset({"duplicate"})
)
BOOKING = Freedom(
    frozenset(
        {
            "inventory_hold",
            "inventory_ledgerentry",
            "inventory_stockitem",
            "eventbus_event",
            "eventbus_cursor",
        }
    ),
    TOLD_BY_INVENTORY,
    rivals="duplicate inventory ",
)


def is_note(subscriber: str, event: str, status: str) -> bool:
    """Whether the event, of an order that is in that status, is only noted."""
    decided = status not in ("", "PENDING")
    return subscriber == "orders" and (event in NOTES or (decided and event in VERDICTS))


class Freedoms:
    """Which steps of a scenario may go first."""

    def __init__(self, scenario: Scenario) -> None:
        self._booked = DECIDED if scenario.ranges == 1 else SOLD
        self._heard = _heard(scenario)

    def of(self, subscriber: str, event: str, status: str) -> Freedom | None:
        """Of the subscriber's next event, of an order in that status; None: it has to take its
        turn."""
        if is_note(subscriber, event, status):
            return NOTE
        if subscribers[subscriber].handlers[event].external:
            return PARKING
        if subscriber == "inventory" and event in self._booked and not self._heard:
            return BOOKING
        return None


def _heard(scenario: Scenario) -> bool:
    """Whether anybody explored does anything about what inventory then tells."""
    return any(
        event in one.handlers and not is_note(name, event, "PENDING")
        for name, one in subscribers.items()
        if name not in scenario.last
        for event in TOLD_BY_INVENTORY
    )
