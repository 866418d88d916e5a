"""A payment's row from its beginning, and how its outcome is told."""

import random
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments.declines import message_for
from apps.payments.events import PaymentFailed, PaymentProcessed
from apps.payments.models import Payment
from eventbus import publish

LONGEST_WAIT = 3600.0  # seconds; a gateway that is back is found so within the hour


def new_payment(order_id: UUID, **facts: Any) -> Payment:
    """A payment that is not saved yet. It has its gateway key from its first commit on."""
    payment_id = uuid7()
    return Payment(pk=payment_id, order_id=order_id, gateway_key=f"charge-{payment_id}", **facts)


def update_rows(payments: Iterable[Payment], fields: list[str]) -> None:
    """Write the fields, and nothing else, in one statement in the order of the orders' ids; a
    payment that is not there yet is written whole."""
    Payment.objects.bulk_create(
        sorted(payments, key=lambda row: row.order_id),
        update_conflicts=True,
        unique_fields=["order_id"],
        update_fields=fields,
    )


def publish_processed(payment: Payment) -> None:
    """Tell that the payment, as it is in the database, was captured."""
    processed = PaymentProcessed(
        order_id=payment.order_id,
        amount=payment.captured_amount,
        currency=payment.currency,
        brand=payment.brand,
        last4=payment.last4,
    )
    publish(processed, key=payment.order_id)


def publish_failed(order_id: UUID, *, code: str, decline_code: str = "") -> None:
    """Tell that nothing was captured, and why, in the shopper's words too."""
    failed = PaymentFailed(
        order_id=order_id,
        code=code,
        decline_code=decline_code or None,
        message=message_for(decline_code or code),
    )
    publish(failed, key=order_id)


def next_ask(number: int, *, after: datetime) -> datetime:
    """When the gateway is asked for the `number`th time again (1 is the first): 0.25-0.5 s after
    now (or after `after`, if that is later), 0.5-1 s, 1-2 s, ... at most an hour."""
    whole = min(LONGEST_WAIT, 0.5 * 2.0 ** min(number - 1, 20))
    return max(after, timezone.now()) + timedelta(seconds=random.uniform(whole / 2, whole))
