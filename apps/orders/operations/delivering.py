"""What staff do with an order that is paid: send it, and note that it arrived."""

from uuid import UUID

from django.db import transaction

from apps.orders.events import OrderDelivered, OrderShipped
from apps.orders.models import Order, TimelineEntry
from apps.orders.operations.moving import Move, News, move_orders
from apps.orders.transitions import Status

Kind = TimelineEntry.Kind


@transaction.atomic
def ship_order(*, order_id: UUID, carrier: str, tracking: str, actor: str = "") -> bool:
    """CONFIRMED to SHIPPED; False when the order was not CONFIRMED (any more). `actor` is the
    person of the staff who sent it."""
    move = Move(by="staff", actor=actor, changes={"carrier": carrier, "tracking": tracking})
    return bool(move_orders(Status.SHIPPED, {order_id: move}, _shipped))


@transaction.atomic
def deliver_order(*, order_id: UUID, actor: str = "") -> bool:
    """SHIPPED to DELIVERED; False when the order was not SHIPPED (any more). `actor` is the
    person of the staff who noted it."""
    moves = {order_id: Move(by="staff", actor=actor)}
    return bool(move_orders(Status.DELIVERED, moves, _delivered))


def _shipped(order: Order, move: Move) -> News:
    sent = {"carrier": order.carrier, "tracking": order.tracking}
    fact = OrderShipped(order_id=order.pk, number=order.number, **sent)
    return News(fact=fact, kind=Kind.SHIPPED, data=sent)


def _delivered(order: Order, move: Move) -> News:
    fact = OrderDelivered(order_id=order.pk, number=order.number)
    return News(fact=fact, kind=Kind.DELIVERED)
