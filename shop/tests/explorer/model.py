"""The saga as a small machine, without tables or code: an order is what each context says of it,
and a step of the real shop must be steps of the machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

from shop.tests.explorer.facts import Facts, Reader

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
        ("new", "failed", lambda one: one.charge == NONE),  # the card was given too long ago
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
TABLES = {  # of each context, and the column that names the order
    "order": ("orders_order", "id"),
    "hold": ("inventory_hold", "order_id"),
    "payment": ("payments_payment", "order_id"),
    "charge": ("payments_gatewaycharge", "key"),  # "charge cart:A1"
    "refund": ("payments_refund", "payment_id"),  # "payment cart:A1"
    "cart": ("cart_cartorder", "order_id"),
}


class Model:
    """What the facts say of the orders, in the machine's words."""

    def __init__(self, reader: Reader) -> None:
        self._known, columns = reader.known, reader.cells.columns
        self._cells = {context: reader.cells.tables[name] for context, (name, _) in TABLES.items()}
        self._places = {
            context: (columns[name].index(of), columns[name].index("status"))
            for context, (name, of) in TABLES.items()
        }
        self._pick = itemgetter(*self._cells.values())
        self._read: dict[Facts, State] = {}
        self._unexplained: dict[tuple[Facts, Facts], list[str]] = {}

    def __call__(self, facts: Facts) -> State:
        """By order, the first one first."""
        which = self._pick(facts)
        if which not in self._read:
            self._read[which] = self._orders(facts)
        return self._read[which]

    def odd(self, states: Sequence[Facts]) -> list[str]:
        """What changed from one to the next in a way that no rule has."""
        return [each for pair in pairwise(states) for each in self._between(*pair)]

    def _between(self, before: Facts, after: Facts) -> list[str]:
        if before is after:
            return []
        which = self._pick(before), self._pick(after)
        if which not in self._unexplained:
            self._unexplained[which] = unexplained(self(before), self(after))
        return self._unexplained[which]

    def _orders(self, facts: Facts) -> State:
        said = {
            context: {
                row[of].rpartition(" ")[2]: row[status]
                for row in self._known.values[facts[self._cells[context]]]
            }
            for context, (of, status) in self._places.items()
        }
        return {
            order: Order(*(known.get(order, NONE) for known in said.values()))
            for order in said["order"]
        }


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
