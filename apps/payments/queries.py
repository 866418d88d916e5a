"""Every read of payments."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from apps.payments.models import (
    GatewayCharge,
    GatewayRefund,
    Payment,
    PaymentMethod,
    ReceivedWebhook,
    Refund,
)

# The gateway was asked for a charge, or will be, and has not said what became of it.
OUTSTANDING = (Payment.Status.REQUESTED, Payment.Status.CANCEL_REQUESTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One thing that the gateway did or said."""

    at: datetime
    key: str  # of the charge or refund
    what: str
    status: str


def hash_of(token: str) -> str:
    """What is kept of a payment method's token."""
    return sha256(token.encode()).hexdigest()


def unused_method(*, token: str, owner: str | None) -> PaymentMethod | None:
    """The owner's method with that token, if an order could use it now."""
    method = PaymentMethod.objects.filter(token_hash=hash_of(token)).first()
    if method is None or not method.is_good(owner=owner or "", at=timezone.now()):
        return None
    return method


def payment_of(order_id: UUID) -> Payment | None:
    """The order's payment, if payments has heard of the order."""
    return Payment.objects.filter(order_id=order_id).first()


def payment_to_ask_for(order_id: UUID, number: int) -> Payment | None:
    """The order's payment, if the gateway still has to say what became of it, and the asking
    with that number is the newest."""
    asking = Payment.objects.filter(order_id=order_id, asks=number, status__in=OUTSTANDING)
    return asking.first()


def payment_of_challenge(challenge: str) -> Payment | None:
    """The payment that waits, or waited, for the shopper's answer to the challenge."""
    return Payment.objects.filter(challenge=challenge).first() if challenge else None


def refund_to_ask_for(refund_id: UUID, number: int) -> Refund | None:
    """The refund with its payment, if the gateway still has to say what became of it, and the
    asking with that number is the newest."""
    asking = Refund.objects.filter(pk=refund_id, asks=number, status=Refund.Status.REQUESTED)
    return asking.select_related("payment").first()


def gateway_log(payment: Payment) -> list[LogLine]:
    """What the mock gateway has about the payment and its refunds, and what it told by itself,
    oldest first."""
    keys = [payment.gateway_key, *payment.refunds.values_list("gateway_key", flat=True)]
    lines = [
        LogLine(at=row.created_at, key=row.key, what=what, status=row.get_status_display())
        for what, model in (("charge", GatewayCharge), ("refund", GatewayRefund))
        for row in model.objects.filter(key__in=keys)
    ]
    lines += [
        LogLine(
            at=row.received_at,
            key=row.key,
            what=f"webhook, {row.deliveries} times",
            status=f"{row.status}: {row.get_result_display()}",
        )
        for row in ReceivedWebhook.objects.filter(key__in=keys)
    ]
    return sorted(lines, key=lambda line: line.at)


def refunds_of(order_id: UUID) -> QuerySet[Refund]:
    """The order's refunds, oldest first."""
    refunds = Refund.objects.filter(payment__order_id=order_id)
    return refunds.select_related("payment")
