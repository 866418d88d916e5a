"""Giving money back: all of it when the order is over, or what staff say. Never more than was
captured: the payment's row is locked, and a CHECK of the database says so too."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from uuid_utils.compat import uuid7

from apps.payments.events import PaymentRefunded, RefundFailed, RefundRequested
from apps.payments.gateway import Done, Pending, Refused, Returned
from apps.payments.models import Payment, Refund
from apps.payments.operations.errors import (
    KeyReused,
    NotAnAmount,
    NothingCaptured,
    TooMuch,
    UnknownPayment,
)
from apps.payments.operations.rows import next_ask
from eventbus import publish

Status = Payment.Status
Cause = Refund.Cause
CENT = Decimal("0.01")


@transaction.atomic
def refund_payment(*, order_id: UUID, amount: Decimal, reason: str, by: str, key: str) -> Refund:
    """Ask for `amount` of what the order paid to be given back, by staff (`by`, "user:<id>").
    The same `key` again gives the same refund, and nothing more goes back.

    Raises UnknownPayment, NothingCaptured, NotAnAmount (not cents, or not above zero), TooMuch
    (more than is left) and KeyReused (for another amount or reason); then nothing is changed.
    """
    payment = Payment.objects.select_for_update().filter(order_id=order_id).first()
    if payment is None:
        raise UnknownPayment
    if known := payment.refunds.filter(request_key=key).first():
        if (known.amount, known.reason) != (amount, reason):
            raise KeyReused
        return known
    if payment.captured_amount == 0:
        raise NothingCaptured
    if amount <= 0 or amount != amount.quantize(CENT):
        raise NotAnAmount
    if amount > payment.refundable:
        raise TooMuch(payment.refundable, payment.currency)
    return _request(payment, amount, cause=Cause.STAFF, reason=reason, by=by, request_key=key)


def give_back_the_rest(payment: Payment) -> None:
    """CAPTURED to REFUNDING, with a refund of all that is neither back nor on its way; by the
    status, once. The payment's row is locked by the caller's transaction."""
    captured = Payment.objects.filter(pk=payment.pk, status=Status.CAPTURED)
    if payment.captured_amount == 0:
        captured.update(status=Status.VOID)
    elif captured.update(status=Status.REFUNDING) and payment.refundable > 0:
        _request(payment, payment.refundable, cause=Cause.ORDER_ENDED)


@transaction.atomic
def record_refund_asked(
    *, refund_id: UUID, number: int, answer: Returned | None, after: datetime
) -> None:
    """Record what the gateway answered to the asking with that number; None: nothing. While it
    is not known what became of the refund, it is asked again, later each time."""
    if answer is not None:
        record_refund(refund_id=refund_id, answer=answer)
    if answer is None or isinstance(answer, Pending):
        mine = Refund.objects.filter(pk=refund_id, status=Refund.Status.REQUESTED, asks=number)
        if mine.update(asks=number + 1):
            _ask(mine.model.objects.select_related("payment").get(pk=refund_id), after=after)


@transaction.atomic
def record_refund(*, refund_id: UUID, answer: Returned) -> bool:
    """Record what became of the refund, once; False when that is known, or older than what is.

    Done: the totals rise. Refused: the amount can be given back anew, by staff and with another
    key.
    """
    if isinstance(answer, Pending):
        return False
    payment = Payment.objects.select_for_update().get(refunds=refund_id)
    asked = Refund.objects.filter(pk=refund_id, status=Refund.Status.REQUESTED)
    known = {"gateway_version": answer.version}
    match answer:
        case Done():
            if not asked.update(status=Refund.Status.DONE, **known):
                return False
            _settle(payment, Refund.objects.get(pk=refund_id))
        case Refused():
            changes = {"status": Refund.Status.FAILED, "failure": answer.message, **known}
            if not asked.update(**changes):
                return False
            _release(payment, Refund.objects.get(pk=refund_id))
    return True


def _request(payment: Payment, amount: Decimal, **facts: str) -> Refund:
    """Reserve the amount, and ask for it. The payment's row is locked and as it is."""
    payment.refunding_amount += amount
    payment.save(update_fields=["refunding_amount"])
    refund_id = uuid7()
    refund = Refund(pk=refund_id, payment=payment, amount=amount, **facts)
    refund.gateway_key = f"refund-{refund_id}"
    refund.save(force_insert=True)
    _ask(refund)
    return refund


def _ask(refund: Refund, *, after: datetime | None = None) -> None:
    order_id = refund.payment.order_id
    request = RefundRequested(order_id=order_id, refund_id=refund.pk, number=refund.asks)
    publish(request, key=order_id, at=after and next_ask(refund.asks, after=after))


def _settle(payment: Payment, refund: Refund) -> None:
    payment.refunding_amount -= refund.amount
    payment.refunded_amount += refund.amount
    if payment.refunded_amount == payment.captured_amount:
        payment.status = Status.REFUNDED
    payment.save(update_fields=["refunding_amount", "refunded_amount", "status"])
    refunded = PaymentRefunded(
        order_id=payment.order_id,
        amount=refund.amount,
        total_refunded=payment.refunded_amount,
        currency=payment.currency,
    )
    publish(refunded, key=payment.order_id)


def _release(payment: Payment, refund: Refund) -> None:
    payment.refunding_amount -= refund.amount
    payment.save(update_fields=["refunding_amount"])
    failed = RefundFailed(
        order_id=payment.order_id,
        amount=refund.amount,
        currency=payment.currency,
        message=refund.failure,
    )
    publish(failed, key=payment.order_id)
