"""Every write of payments. What the gateway is asked, and when, is in calls.py."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import queries
from apps.payments.declines import METHOD_INVALID, message_for
from apps.payments.events import (
    PaymentFailed,
    PaymentProcessed,
    PaymentRefunded,
    PaymentRequested,
    RefundRequested,
)
from apps.payments.gateway import Declined, Outcome, StoredCard
from apps.payments.models import Payment, PaymentMethod, Refund
from eventbus import publish

Status = Payment.Status
METHOD_LIFETIME = timedelta(minutes=30)
# Nothing is captured and the order is not waiting for it: a success that arrives goes back.
ENDED = (Status.CANCEL_REQUESTED, Status.VOID, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMethod:
    """A payment method as its owner is told of it, once."""

    token: str
    brand: str
    last4: str


@transaction.atomic
def save_method(*, owner: str, card: StoredCard) -> NewMethod:
    """Bind a card that the gateway keeps to its owner, for one order placed within 30 minutes."""
    token = f"pm_{secrets.token_urlsafe(24)}"
    now = timezone.now()
    PaymentMethod.objects.create(
        token_hash=queries.hash_of(token),
        owner=owner,
        card=card.reference,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        created_at=now,
        expires_at=now + METHOD_LIFETIME,
    )
    return NewMethod(token=token, brand=card.brand, last4=card.last4)


@transaction.atomic
def note_order(
    *,
    order_id: UUID,
    owner: str,
    amount: Decimal,
    currency: str,
    token: str,
    placed_at: datetime,
    pay_before: datetime,
) -> None:
    """Remember what the order has to pay; asks for the charge if its stock is held already."""
    payment, _ = Payment.objects.get_or_create(order_id=order_id)
    Payment.objects.filter(pk=payment.pk, status=Status.NEW, placed_at=None).update(
        owner=owner,
        amount=amount,
        currency=currency,
        token_hash=queries.hash_of(token),
        placed_at=placed_at,
        pay_before=pay_before,
    )
    _request_charge_if_ready(order_id)


@transaction.atomic
def note_reservation(*, order_id: UUID) -> None:
    """Remember that the order's stock is held; asks for the charge if the order is known."""
    payment, _ = Payment.objects.get_or_create(order_id=order_id)
    Payment.objects.filter(pk=payment.pk, status=Status.NEW).update(reserved=True)
    _request_charge_if_ready(order_id)


def _request_charge_if_ready(order_id: UUID) -> None:
    held = Payment.objects.filter(order_id=order_id, status=Status.NEW, reserved=True)
    payment = held.first()
    if payment is None or payment.placed_at is None or payment.pay_before is None:
        return
    if payment.amount == 0:
        _move(payment, Status.NEW, status=Status.CAPTURED)
        _publish_processed(payment)
    elif timezone.now() >= payment.pay_before:
        _move(payment, Status.NEW, status=Status.VOID)  # orders ends it; see the saga's rules
    elif not _claim_method(payment, placed_at=payment.placed_at):
        refused = Declined(code=METHOD_INVALID, decline_code="")
        _fail(payment, Status.NEW, refused)
    else:
        _request_charge(payment)


def _claim_method(payment: Payment, *, placed_at: datetime) -> bool:
    """Take the method for this order; False when it is not there, not the owner's, taken, or
    was too old when the order was placed (a slow queue is not the shopper's fault)."""
    methods = queries.usable_methods(
        token_hash=payment.token_hash,
        owner=payment.owner,
        at=placed_at,
        order_id=payment.order_id,
    )
    return methods.update(used_by_order=payment.order_id) == 1


def _request_charge(payment: Payment) -> None:
    method = PaymentMethod.objects.get(used_by_order=payment.order_id)
    key = f"charge-{payment.pk}"
    _move(
        payment,
        Status.NEW,
        status=Status.REQUESTED,
        gateway_key=key,
        card=method.card,
        brand=method.brand,
        last4=method.last4,
    )
    request = PaymentRequested(
        order_id=payment.order_id,
        intent_id=payment.pk,
        amount=payment.amount,
        currency=payment.currency,
        gateway_key=key,
    )
    publish(request, key=payment.order_id)


@transaction.atomic
def begin_charge(*, order_id: UUID) -> Payment | None:
    """Commit that the gateway is being asked. None when it never was and may not be any more:
    the order ended first, or its time to pay is over."""
    now = timezone.now()
    waiting = Payment.objects.filter(order_id=order_id, status=Status.REQUESTED, asked_at=None)
    waiting.filter(pay_before__gt=now).update(asked_at=now)
    return Payment.objects.filter(order_id=order_id, asked_at__isnull=False).first()


@transaction.atomic
def drop_charge(*, order_id: UUID) -> bool:
    """Give up a charge that the gateway was never asked for; False when it was."""
    outstanding = [Status.REQUESTED, Status.CANCEL_REQUESTED]
    unasked = Payment.objects.filter(order_id=order_id, status__in=outstanding, asked_at=None)
    return unasked.update(status=Status.VOID) == 1


@transaction.atomic
def record_charge(*, order_id: UUID, outcome: Outcome) -> None:
    """Record the gateway's answer, once. What is captured for an order that has ended meanwhile
    is refunded in the same step, and nothing is said about the payment."""
    payment = Payment.objects.get(order_id=order_id)
    if isinstance(outcome, Declined):
        if not _fail(payment, Status.REQUESTED, outcome):
            _move(payment, Status.CANCEL_REQUESTED, status=Status.VOID)
        return
    captured = {
        "status": Status.CAPTURED,
        "captured_amount": F("amount"),
        "charge": outcome.charge,
    }
    if _move(payment, Status.REQUESTED, **captured):
        _publish_processed(payment)
    elif _move(payment, *ENDED, **captured):
        _request_refund(payment)


@transaction.atomic
def end_payment(*, order_id: UUID) -> None:
    """The order failed or was cancelled: make sure that nothing stays captured for it.

    Not begun: VOID, also when payments has yet to hear of the order. Asked for: the answer is
    waited for. Captured: refunded. Failed, void or refunded already: nothing.
    """
    payment, created = Payment.objects.get_or_create(
        order_id=order_id, defaults={"status": Status.VOID}
    )
    if created or _move(payment, Status.NEW, status=Status.VOID):
        return
    if not _move(payment, Status.REQUESTED, status=Status.CANCEL_REQUESTED):
        _request_refund(payment)


def _request_refund(payment: Payment) -> None:
    """CAPTURED to REFUNDING, with the refund that all of it needs; once, by the status."""
    free = Payment.objects.filter(pk=payment.pk, status=Status.CAPTURED, captured_amount=0)
    if free.update(status=Status.VOID) or not _move(
        payment, Status.CAPTURED, status=Status.REFUNDING
    ):
        return
    refund_id = uuid7()
    Refund.objects.create(
        pk=refund_id,
        payment=payment,
        cause=Refund.Cause.ORDER_ENDED,
        amount=payment.captured_amount - payment.refunded_amount,
        gateway_key=f"refund-{refund_id}",
    )
    publish(RefundRequested(order_id=payment.order_id, refund_id=refund_id), key=payment.order_id)


@transaction.atomic
def record_refund(*, refund_id: UUID) -> None:
    """Record that the money went back, once."""
    refund = queries.refund(refund_id)
    requested = Refund.objects.filter(pk=refund_id, status=Refund.Status.REQUESTED)
    if not requested.update(status=Refund.Status.DONE):
        return
    payment = refund.payment
    total = F("refunded_amount") + refund.amount
    _move(payment, Status.REFUNDING, status=Status.REFUNDED, refunded_amount=total)
    refunded = PaymentRefunded(
        order_id=payment.order_id,
        amount=refund.amount,
        total_refunded=payment.refunded_amount,
        currency=payment.currency,
    )
    publish(refunded, key=payment.order_id)


def _move(payment: Payment, *expected: Status, **changes: object) -> bool:
    """Change the row if its status is one of `expected`, in one statement; `payment` is then
    read again."""
    rows = Payment.objects.filter(pk=payment.pk, status__in=expected)
    moved = rows.update(**changes) == 1
    payment.refresh_from_db()
    return moved


def _fail(payment: Payment, expected: Status, answer: Declined) -> bool:
    codes = {"failure_code": answer.code, "decline_code": answer.decline_code}
    if not _move(payment, expected, status=Status.FAILED, **codes):
        return False
    failed = PaymentFailed(
        order_id=payment.order_id,
        code=answer.code,
        decline_code=answer.decline_code or None,
        message=message_for(answer.decline_code or answer.code),
    )
    publish(failed, key=payment.order_id)
    return True


def _publish_processed(payment: Payment) -> None:
    processed = PaymentProcessed(
        order_id=payment.order_id,
        amount=payment.captured_amount,
        currency=payment.currency,
        brand=payment.brand,
        last4=payment.last4,
    )
    publish(processed, key=payment.order_id)
