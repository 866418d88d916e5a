"""What mails say. Rendered when the thing happens, so that a later attempt says the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from apps.notifications.models import Notification, OrderInfo

Kind = Notification.Kind
SUBJECTS = {
    Kind.ORDER_CONFIRMED: "Order {number} is confirmed",
    Kind.ORDER_FAILED: "Order {number} could not be completed",
    Kind.ORDER_CANCELLED: "Order {number} is cancelled",
    Kind.ORDER_SHIPPED: "Order {number} is on its way",
    Kind.PAYMENT_REFUNDED: "A refund for order {number}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in words, not yet to anybody."""

    subject: str
    text: str
    html: str


def write(kind: str, *, order: OrderInfo, facts: Mapping[str, Any]) -> Mail:
    """The mail of that kind about the order; `facts` is what the event adds to it."""
    context = {
        **facts,
        "order": order,
        "lines": [_line(line) for line in order.lines],
        "shop_name": settings.SHOP_NAME,
        "shop_url": settings.SHOP_URL,
    }
    return Mail(
        subject=SUBJECTS[Kind(kind)].format(number=order.number),
        text=render_to_string(f"notifications/mails/{kind}.txt", context).strip() + "\n",
        html=render_to_string(f"notifications/mails/{kind}.html", context),
    )


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    price = Decimal(line["unit_price"])
    return {**line, "unit_price": price, "total": price * line["quantity"]}
