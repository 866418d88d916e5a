"""Every write of orders, one verb a function."""

from apps.orders.operations.answering import Answer, answer_once, forget_answers
from apps.orders.operations.beginning import Placed
from apps.orders.operations.deciding import (
    Decline,
    cancel_order,
    confirm_orders,
    fail_declined,
    fail_sold_out,
    time_out,
)
from apps.orders.operations.delivering import deliver_order, ship_order
from apps.orders.operations.forgetting import forget_drafts
from apps.orders.operations.placing import Address, place_order
from apps.orders.operations.recording import Told, learn_price, record_refund, record_steps
from apps.orders.operations.retrying import retry_order
from apps.orders.operations.sweeping import Swept, sweep_on_time, sweep_orders

__all__ = [
    "Address",
    "Answer",
    "Decline",
    "Placed",
    "Swept",
    "Told",
    "answer_once",
    "cancel_order",
    "confirm_orders",
    "deliver_order",
    "fail_declined",
    "fail_sold_out",
    "forget_answers",
    "forget_drafts",
    "learn_price",
    "place_order",
    "record_refund",
    "record_steps",
    "retry_order",
    "ship_order",
    "sweep_on_time",
    "sweep_orders",
    "time_out",
]
