"""What mails say. Rendered when the thing happens, so that a later attempt says the same."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from apps.notifications.access import stop_token
from apps.notifications.models import FOR_STAFF, OPTIONAL, Notification, OrderInfo

Kind = Notification.Kind
SUBJECTS = {
    Kind.ORDER_CONFIRMED: "Order {order} is confirmed",
    Kind.ORDER_FAILED: "Order {order} could not be completed",
    Kind.ORDER_CANCELLED: "Order {order} is cancelled",
    Kind.ORDER_SHIPPED: "Order {order} is on its way",
    Kind.ORDER_DELIVERED: "Order {order} was delivered",
    Kind.PAYMENT_REFUNDED: "A refund for order {order}",
    Kind.EMAIL_VERIFICATION: "Confirm your address for {shop_name}",
    Kind.EMAIL_CHANGED: "Your address at {shop_name} was changed",
    Kind.PASSWORD_RESET: "Set a new password for {shop_name}",
    Kind.PASSWORD_CHANGED: "Your password at {shop_name} was changed",
    Kind.BACK_IN_STOCK: "{article} is back",
    Kind.LOW_STOCK: "Low stock: {sku}",
    Kind.REFUND_FAILED: "A refund failed: order {number}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail in words, not yet to anybody."""

    subject: str
    text: str
    html: str


def write(kind: str, *, whose: str, facts: Mapping[str, Any]) -> Mail:
    """The mail of that kind; `facts` are the order, if it is about one, and what the event adds.

    What can be stopped says how: `whose` is the person who may.
    """
    context = {
        "url": "",
        **_about(facts.get("order")),
        **facts,
        "shop_name": settings.SHOP_NAME,
        "shop_url": settings.SHOP_URL,
        "staff_url": _absolute("admin:index") if kind in FOR_STAFF else "",
        "stop_url": stop_url(kind, whose=whose),
    }
    context["title"] = subject = " ".join(SUBJECTS[Kind(kind)].format(**context).split())
    with timezone.override(settings.SHOP_TIME_ZONE):
        text, html = (
            render_to_string(f"notifications/mails/{kind}.{part}", context)
            for part in ("txt", "html")
        )
    return Mail(  # parts that were left out leave gaps
        subject=subject,
        text=re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n",
        html=re.sub(r"\n(\s*\n)+", "\n", html),
    )


def stop_url(kind: str, *, whose: str) -> str:
    """The address by which mails of the kind are stopped; empty where there is no choice."""
    if kind not in OPTIONAL or not whose:
        return ""
    return _absolute("notifications:stop", stop_token(whose=whose, kind=kind))


def headers(kind: str, *, whose: str) -> dict[str, str]:
    """What mail programs read: no person wrote this, and (RFC 8058) one click stops it."""
    by_machine = {"Auto-Submitted": "auto-generated"}
    url = stop_url(kind, whose=whose)
    if not url:
        return by_machine
    return by_machine | {
        "List-Unsubscribe": f"<{url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _about(order: OrderInfo | None) -> dict[str, Any]:
    if order is None:
        return {}
    return {"url": order.url, "lines": [_line(line) for line in order.lines]}


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    price = Decimal(line["unit_price"])
    return {**line, "unit_price": price, "total": price * line["quantity"]}


def _absolute(view: str, *args: str) -> str:
    return f"{settings.SHOP_URL.rstrip('/')}{reverse(view, args=args)}"
