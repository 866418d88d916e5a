"""Every write of payments. What the gateway is asked, and when, is in calls.py.

Lock order, everywhere: the payments first, in the order of their orders' ids, then what hangs on
them (methods, refunds).
"""

from apps.payments.operations.charging import (
    Asked,
    begin_charges,
    drop_charge,
    record_asked,
    record_charge,
    record_charges,
)
from apps.payments.operations.ending import end_payments
from apps.payments.operations.errors import (
    KeyReused,
    NotAnAmount,
    NothingCaptured,
    RefundRefused,
    TooMuch,
    UnknownPayment,
)
from apps.payments.operations.methods import NewMethod, save_method
from apps.payments.operations.refunding import (
    record_refund,
    record_refund_asked,
    refund_payment,
)
from apps.payments.operations.requesting import note_orders, note_reservations
from apps.payments.operations.telling import Notice, record_webhook

__all__ = [
    "Asked",
    "KeyReused",
    "NewMethod",
    "NotAnAmount",
    "NothingCaptured",
    "Notice",
    "RefundRefused",
    "TooMuch",
    "UnknownPayment",
    "begin_charges",
    "drop_charge",
    "end_payments",
    "note_orders",
    "note_reservations",
    "record_asked",
    "record_charge",
    "record_charges",
    "record_refund",
    "record_refund_asked",
    "record_webhook",
    "refund_payment",
    "save_method",
]
