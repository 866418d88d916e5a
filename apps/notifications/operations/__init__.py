"""Every write of the notifications context, one verb a function.

The handlers of one order's events run one after the other (its id is their key), so what is
read here cannot change meanwhile.
"""

from apps.notifications.operations.ending import expire_mail
from apps.notifications.operations.preferring import NotOptional, choose
from apps.notifications.operations.requesting import (
    Line,
    mail_account,
    mail_order,
    mail_staff,
    record_refund,
    remember_order,
)
from apps.notifications.operations.sending import record_sent, resend, retry, send

__all__ = [
    "Line",
    "NotOptional",
    "choose",
    "expire_mail",
    "mail_account",
    "mail_order",
    "mail_staff",
    "record_refund",
    "record_sent",
    "remember_order",
    "resend",
    "retry",
    "send",
]
