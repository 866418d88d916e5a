"""The pages of orders: checkout, one order and its live timeline, my orders."""

from apps.orders.views.checkout import checkout, place
from apps.orders.views.order import cancel, detail, mine, retry, timeline

__all__ = ["cancel", "checkout", "detail", "mine", "place", "retry", "timeline"]
