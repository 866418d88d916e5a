"""The order is over: nothing may stay captured for it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F

from apps.payments.events import OutcomeDue
from apps.payments.models import Payment
from apps.payments.operations.refunding import give_back_the_rest
from apps.payments.operations.rows import new_payment
from eventbus import publish

Status = Payment.Status


@transaction.atomic
def end_payments(order_ids: Sequence[UUID]) -> None:
    """The orders failed or were cancelled: make sure that nothing stays captured for them.

    Not begun: VOID, also when payments has yet to hear of the order. Asked for: the gateway is
    told to close it, and the answer is waited for. Captured: what is left of it is refunded.
    Failed, void or refunded already: nothing.
    """
    tombstones = [new_payment(order_id, status=Status.VOID) for order_id in sorted(order_ids)]
    Payment.objects.bulk_create(tombstones, ignore_conflicts=True)
    ended = Payment.objects.filter(order_id__in=order_ids)
    payments = list(ended.order_by("order_id").select_for_update())
    ended.filter(status=Status.NEW).update(status=Status.VOID)
    _cancel_charges([each for each in payments if each.status == Status.REQUESTED])
    for payment in payments:
        if payment.status == Status.CAPTURED:
            give_back_the_rest(payment)


def _cancel_charges(payments: Sequence[Payment]) -> None:
    """Whoever asks next, and that is at once, closes the charge; see calls.py."""
    if not payments:
        return
    requested = Payment.objects.filter(pk__in=[each.pk for each in payments])
    requested.update(status=Status.CANCEL_REQUESTED, asks=F("asks") + 1)
    for payment in payments:
        if payment.asked_at is not None:  # else the request itself finds that it is too late
            due = OutcomeDue(order_id=payment.order_id, number=payment.asks + 1)
            publish(due, key=payment.order_id)
