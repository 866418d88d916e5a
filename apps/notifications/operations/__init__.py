"""Every write of the notifications context, one verb a function.

The handlers of one order's events run one after the other (its id is their key), so what is
read here cannot change meanwhile.
"""

from apps.notifications.operations.ending import expire_mail
from apps.notifications.operations.preferring import NotOptional, choose
from apps.notifications.operations.requesting import (
    Line,
    News,
    PlacedOrder,
    mail_account,
    mail_orders,
    mail_staff,
    record_refunds,
    remember_orders,
)
from apps.notifications.operations.sending import Record, record_sent, resend, retry, send

__all__ = [
    "Line",
    "News",
    "NotOptional",
    "PlacedOrder",
    "Record",
    "choose",
    "expire_mail",
    "mail_account",
    "mail_orders",
    "mail_staff",
    "record_refunds",
    "record_sent",
    "remember_orders",
    "resend",
    "retry",
    "send",
]
