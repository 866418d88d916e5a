"""How an order may move: the one table that operations, pages and tests read."""

from collections.abc import Mapping

from apps.orders.models import Order

Status = Order.Status

# In the order of life.
ALLOWED: Mapping[Status, tuple[Status, ...]] = {
    Status.PENDING: (Status.CONFIRMED, Status.FAILED, Status.CANCELLED),
    Status.CONFIRMED: (Status.SHIPPED, Status.CANCELLED),
    Status.SHIPPED: (Status.DELIVERED,),
    Status.DELIVERED: (),
    Status.FAILED: (),
    Status.CANCELLED: (),
}


def may_move(status: str, to: str) -> bool:
    """Whether an order in that status may go there."""
    return to in ALLOWED[Status(status)]


def before(to: Status) -> list[Status]:
    """The statuses from which an order may go there."""
    return [status for status in ALLOWED if to in ALLOWED[status]]
