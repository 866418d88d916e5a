"""The timeline in plain words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from django.conf import settings
from django.template import Context, Template
from django.template.defaultfilters import capfirst

from apps.orders.models import Order, TimelineEntry

Kind = TimelineEntry.Kind
State = Literal["done", "pending", "failed"]
STATUS_WORDS = {
    Order.Status.PENDING: "We are working on your order.",
    Order.Status.CONFIRMED: "Thank you! Your order is confirmed.",
    Order.Status.SHIPPED: "Your order is on its way.",
    Order.Status.DELIVERED: "Your order was delivered.",
    Order.Status.FAILED: "Your order was not completed.",
    Order.Status.CANCELLED: "Your order is cancelled.",
}
# What comes next, or what to do; `{email}` is the order's.
NEXT_WORDS = {
    Order.Status.PENDING: "This takes a moment. You may leave this page: a mail to {email} tells"
    " you how it ends.",
    Order.Status.CONFIRMED: "We are packing it, and write to {email} when it is on its way.",
    Order.Status.DELIVERED: "If something is wrong with it, answer any of our mails.",
}
TONES = {
    Order.Status.PENDING: "warning",
    Order.Status.FAILED: "error",
    Order.Status.CANCELLED: "error",
}

PLAIN = {
    Kind.PLACED: "Order placed",
    Kind.RESERVED: "Stock reserved",
    Kind.CONFIRMED: "Order confirmed",
    Kind.RELEASED: "Stock released",
    Kind.ACTION_REQUIRED: "Your bank asks you to confirm the payment",
    Kind.DELIVERED: "Delivered",
}
STILL_TO_COME = (Kind.RESERVED, Kind.PAID, Kind.CONFIRMED, Kind.MAILED)
PENDING_WORDS = PLAIN | {Kind.PAID: "Payment received", Kind.MAILED: "Confirmation mail sent"}
MAILS = {
    "order_confirmed": "Confirmation mail sent",
    "order_failed": "Mail about the failed order sent",
    "order_cancelled": "Cancellation mail sent",
    "payment_refunded": "Refund mail sent",
    "order_shipped": "Shipping mail sent",
    "order_delivered": "Delivery mail sent",
}
BRANDS = {"amex": "American Express"}
BAD = (Kind.SOLD_OUT, Kind.DECLINED, Kind.CANCELLED, Kind.REFUND_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the timeline."""

    kind: str
    text: str
    state: State
    at: datetime | None  # None: still to come


def status_words(order: Order, *, acts: bool) -> str:
    """How the order stands; `acts`: it waits for the shopper to act."""
    if acts:
        return "Please confirm the payment with your bank."
    return STATUS_WORDS[Order.Status(order.status)]


def next_words(order: Order, *, acts: bool) -> str:
    """What comes next, in a sentence; empty when that is said elsewhere."""
    if acts:
        return "Until you do, nothing is charged. We keep the articles for you meanwhile."
    return NEXT_WORDS.get(Order.Status(order.status), "").format(email=order.email)


def tone(order: Order) -> str:
    """How good the news is: "success", "warning" or "error"."""
    return TONES.get(Order.Status(order.status), "success")


def money_words(order: Order) -> str:
    """Where the money is, of an order that ended without a sale or of which some went back; else
    empty."""
    told = {entry.kind for entry in order.timeline.all()}
    total = amount(order.total, order.currency)
    if order.refunded:
        back = amount(order.refunded, order.currency)
        part = "" if order.refunded == order.total else f" of {total}"
        return f"{back}{part} went back to your card. Banks take a few days to show it."
    if Kind.REFUND_FAILED in told:
        return f"Your bank did not take the {total} back. We see to it that you get it."
    if order.status not in (Order.Status.FAILED, Order.Status.CANCELLED):
        return ""
    return f"{total} goes back to your card." if Kind.PAID in told else "Nothing was charged."


def timeline_of(order: Order) -> list[Step]:
    """What happened, in the order of time, then what is still to come while all goes well."""
    entries = list(order.timeline.all())
    steps = [Step(kind=e.kind, text=words(e), state=_state(e), at=e.at) for e in entries]
    return steps + list(_to_come(order, {entry.kind for entry in entries}))


def _state(entry: TimelineEntry) -> State:
    return "failed" if entry.kind in BAD else "done"


def _to_come(order: Order, told: set[str]) -> Iterable[Step]:
    if order.status not in (Order.Status.PENDING, Order.Status.CONFIRMED):
        return
    for kind in STILL_TO_COME:
        if kind not in told:
            yield Step(kind=kind, text=PENDING_WORDS[kind], state="pending", at=None)


def words(entry: TimelineEntry) -> str:
    """The entry as one sentence."""
    data = entry.data
    match entry.kind:
        case Kind.PAID:
            return f"Payment received ({card(data['brand'])} •••• {data['last4']})"
        case Kind.MAILED:
            return MAILS.get(data["kind"], "Mail sent")
        case Kind.SOLD_OUT:
            return f"Stock not reserved: {data['message']}"
        case Kind.DECLINED:
            return f"Payment declined: {data['message']}"
        case Kind.CANCELLED:
            return cancelled(data["by"], data["reason"])
        case Kind.REFUNDED:
            return f"Refunded {amount(data['amount'], data['currency'])}"
        case Kind.REFUND_FAILED:
            sum_owed = amount(data["amount"], data["currency"])
            return f"The refund of {sum_owed} did not go through: we will see to it"
        case Kind.SHIPPED:
            return f"Shipped with {data['carrier']}, tracking number {data['tracking']}"
    return PLAIN[Kind(entry.kind)]


def card(brand: str) -> str:
    """The brand as people write it."""
    return BRANDS.get(brand, capfirst(brand))


def cancelled(by: str, reason: str) -> str:
    """Who cancelled the order and why."""
    if by == "timeout":
        return "Cancelled: it was not paid in time"
    who = "by you" if by == "customer" else f"by {settings.SHOP_NAME}"
    return f"Cancelled {who}: {reason}" if reason else f"Cancelled {who}"


def amount(value: Decimal | str, currency: str) -> str:
    """An amount with its currency, for a sentence."""
    context = Context({"value": value, "currency": currency})
    return Template("{{ value|money:currency }}").render(context)


def sold_out(missing: Iterable[dict[str, object]]) -> str:
    """Which articles are short and what is left of each."""
    return "; ".join(
        f"{line['title']}: {line['wanted']} wanted, {_left(line['available'])}" for line in missing
    )


def _left(available: object) -> str:
    return f"only {available} left" if available else "none left"
