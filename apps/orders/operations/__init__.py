"""Every write of orders, one verb a function."""

from apps.orders.operations.answering import Answer, answer_once
from apps.orders.operations.deciding import (
    cancel_order,
    confirm_order,
    deliver_order,
    fail_declined,
    fail_sold_out,
    ship_order,
    time_out,
)
from apps.orders.operations.placing import Address, Placed, place_order, retry_order
from apps.orders.operations.recording import learn_price, record_refund, record_step

__all__ = [
    "Address",
    "Answer",
    "Placed",
    "answer_once",
    "cancel_order",
    "confirm_order",
    "deliver_order",
    "fail_declined",
    "fail_sold_out",
    "learn_price",
    "place_order",
    "record_refund",
    "record_step",
    "retry_order",
    "ship_order",
    "time_out",
]
