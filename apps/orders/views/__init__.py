"""The pages of orders: the checkout's steps, one order and its live timeline, my orders."""

from apps.orders.views.checkout import address, checkout, payment, review, shipping
from apps.orders.views.order import cancel, detail, mine, retry, timeline
from apps.orders.views.placing import place

__all__ = [
    "address",
    "cancel",
    "checkout",
    "detail",
    "mine",
    "payment",
    "place",
    "retry",
    "review",
    "shipping",
    "timeline",
]
