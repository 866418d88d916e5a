"""The saga as a small machine, without tables or code: an order is what each context says of it,
and a step of the real shop must be steps of the machine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shop.tests.explorer.world import World

NONE = "-"


@dataclass(frozen=True, slots=True)
class Order:
    """What the contexts say of one order."""

    order: str = NONE
    hold: str = NONE
    payment: str = NONE
    charge: str = NONE  # at the gateway
    refund: str = NONE
    cart: str = NONE


State = Mapping[str, Order]  # by order
Guard = Callable[[Order], bool]
PAID = ("captured", "refunding", "refunded")
OVER = ("FAILED", "CANCELLED")


def always(_: Order) -> bool:
    return True


def over(one: Order) -> bool:
    return one.order in OVER


def placed(one: Order) -> bool:
    return one.order != NONE


# What may become of each, by context: from, to, and what must be so of the others then.
RULES: Mapping[str, list[tuple[str, str, Guard]]] = {
    "order": [
        (NONE, "PENDING", always),
        ("PENDING", "CONFIRMED", lambda one: one.payment in PAID),
        ("PENDING", "FAILED", lambda one: one.hold == "refused" or one.payment == "failed"),
        ("PENDING", "CANCELLED", always),
        ("CONFIRMED", "CANCELLED", always),
    ],
    "hold": [
        (NONE, "held", placed),
        (NONE, "refused", placed),
        (NONE, "void", lambda one: over(one) or one.payment == "failed"),
        ("held", "committed", lambda one: one.order in ("CONFIRMED", "CANCELLED")),
        ("held", "released", lambda one: over(one) or one.payment == "failed"),
        ("committed", "restocked", over),
    ],
    "payment": [
        (NONE, "new", placed),
        (NONE, "void", over),
        ("new", "requested", lambda one: one.hold != NONE),
        ("new", "void", lambda one: over(one) or one.order == "PENDING"),
        ("requested", "captured", lambda one: one.charge == "captured"),
        ("requested", "failed", lambda one: one.charge in ("declined", "cancelled")),
        ("requested", "cancel_requested", over),
        ("requested", "void", lambda one: one.charge == NONE),
        ("cancel_requested", "void", lambda one: one.charge != "captured"),
        ("cancel_requested", "failed", lambda one: one.charge == "declined"),
        ("captured", "refunding", over),
        ("refunding", "refunded", lambda one: one.refund == "done"),
        *[
            (ended, "refunding", lambda one: one.charge == "captured")
            for ended in ("cancel_requested", "void", "failed")
        ],
    ],
    "charge": [
        *[
            (NONE, became, lambda one: one.payment in ("requested", "cancel_requested"))
            for became in ("captured", "declined", "challenged", "broken", "lost")
        ],
        (NONE, "cancelled", lambda one: one.payment == "cancel_requested" or over(one)),
        ("challenged", "captured", always),
        ("challenged", "declined", always),
        ("challenged", "cancelled", always),
        ("broken", "captured", always),
        ("broken", "cancelled", over),
    ],
    "refund": [
        (NONE, "requested", lambda one: over(one) and one.charge == "captured"),
        ("requested", "done", always),
        ("requested", "failed", always),
    ],
    "cart": [
        (NONE, "created", placed),
        ("created", "confirmed", lambda one: one.order in ("CONFIRMED", "CANCELLED")),
        ("created", "failed", lambda one: one.order == "FAILED"),
        ("created", "cancelled", lambda one: one.order == "CANCELLED"),
    ],
}
SQL = (
    "SELECT o.id, o.status, h.status, p.status, g.status, r.status, c.status, o.owner, o.retry_of"
    " FROM orders_order o LEFT JOIN inventory_hold h ON h.order_id = o.id"
    " LEFT JOIN payments_payment p ON p.order_id = o.id"
    " LEFT JOIN payments_gatewaycharge g ON g.key = p.gateway_key"
    " LEFT JOIN payments_refund r ON r.payment_id = p.id"
    " LEFT JOIN cart_cartorder c ON c.order_id = o.id ORDER BY o.placed_at, o.number"
)


def read(world: World) -> State:
    """What the tables say, in the machine's words."""
    return {row[0]: _order(row) for row in world.rows(SQL)}


def _order(row: Any) -> Order:
    return Order(*(value or NONE for value in row[1:7]))


def unexplained(before: State, after: State) -> list[str]:
    """What changed in a way that no rule has."""
    found = []
    for order, now in after.items():
        was = before.get(order, Order())
        for context in RULES:
            moved = getattr(was, context), getattr(now, context)
            if moved[0] != moved[1] and not _explains(context, moved, now):
                found.append(f"no rule has {context} {moved[0]} -> {moved[1]} of {now}")
    return found


def _explains(context: str, moved: tuple[str, str], now: Order) -> bool:
    return any((start, end) == moved and holds(now) for start, end, holds in RULES[context])
