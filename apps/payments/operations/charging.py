"""Asking the gateway for a charge, and recording what it answered: by whatever way the answer
comes (the call, asking again, a webhook), it is recorded here, once and by its version."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from apps.payments.declines import AUTHENTICATION_EXPIRED, CLOSED
from apps.payments.events import ActionRequired, OutcomeDue
from apps.payments.gateway import ActionRequired as WantsShopper
from apps.payments.gateway import Cancelled, Captured, Declined, Outcome, Pending
from apps.payments.models import Payment
from apps.payments.operations.refunding import give_back_the_rest
from apps.payments.operations.rows import (
    next_ask,
    publish_failed,
    publish_processed,
    update_rows,
)
from apps.payments.queries import OUTSTANDING
from eventbus import publish

Status = Payment.Status
# Nothing is captured and the order is not waiting for it: a success that arrives goes back.
ENDED = (Status.CANCEL_REQUESTED, Status.VOID, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What came of asking the gateway for an order's charge."""

    order_id: UUID
    number: int  # of the asking
    outcome: Outcome | None  # None: it gave no answer, or there was no time to ask
    after: datetime  # it is not asked again before
    begun: bool = True  # False: it was never asked for, and may not be any more


@transaction.atomic
def begin_charges(order_ids: Collection[UUID]) -> dict[UUID, Payment]:
    """Commit that the gateway is being asked; the payments to ask for, by order. Not those that
    it was never asked for and may not be any more: the order ended, or its time to pay is over."""
    now = timezone.now()
    rows = Payment.objects.filter(order_id__in=order_ids).order_by("order_id")
    payments = list(rows.select_for_update())
    begun = [each for each in payments if _may_begin(each, now)]
    if begun:
        Payment.objects.filter(pk__in=[each.pk for each in begun]).update(asked_at=now)
    return {each.order_id: each for each in payments if each in begun or each.asked_at is not None}


def _may_begin(payment: Payment, now: datetime) -> bool:
    in_time = payment.pay_before is not None and now < payment.pay_before
    return payment.status == Status.REQUESTED and payment.asked_at is None and in_time


@transaction.atomic
def drop_charge(*, order_id: UUID) -> bool:
    """Give up a charge that the gateway was never asked for; False when it was."""
    unasked = Payment.objects.filter(order_id=order_id, status__in=OUTSTANDING, asked_at=None)
    return unasked.update(status=Status.VOID) == 1


@transaction.atomic
def record_charges(asked: Sequence[Asked]) -> None:
    """Record what came of each asking; what is captured as it should be, of all orders in one
    statement. No order may come twice in one call."""
    captured = _capture_waiting(asked)
    for each in asked:
        if not each.begun:
            drop_charge(order_id=each.order_id)
        elif each.order_id not in captured:
            record_asked(
                order_id=each.order_id,
                number=each.number,
                outcome=each.outcome,
                after=each.after,
            )


def _capture_waiting(asked: Sequence[Asked]) -> set[UUID]:
    """REQUESTED to CAPTURED; the orders whose payment that was."""
    outcomes = {each.order_id: each.outcome for each in asked if isinstance(each.outcome, Captured)}
    rows = Payment.objects.filter(order_id__in=outcomes, status=Status.REQUESTED)
    captured = []
    for payment in rows.order_by("order_id").select_for_update():
        outcome = outcomes[payment.order_id]
        if payment.charge_version < outcome.version:
            payment.status, payment.captured_amount = Status.CAPTURED, payment.amount
            payment.charge, payment.charge_version = outcome.charge, outcome.version
            captured.append(payment)
    update_rows(captured, ["status", "captured_amount", "charge", "charge_version"])
    for payment in captured:
        publish_processed(payment)
    return {payment.order_id for payment in captured}


@transaction.atomic
def record_asked(*, order_id: UUID, number: int, outcome: Outcome | None, after: datetime) -> None:
    """Record what the gateway answered to the asking with that number; None: nothing. While the
    outcome is not known it is asked again, later each time, and not before `after`."""
    if outcome is not None:
        record_charge(order_id=order_id, outcome=outcome)
    if outcome is None or isinstance(outcome, Pending | WantsShopper):
        mine = Payment.objects.filter(order_id=order_id, status__in=OUTSTANDING, asks=number)
        if mine.update(asks=number + 1):
            _ask_later(Payment.objects.get(order_id=order_id), after=after)


@transaction.atomic
def record_charge(*, order_id: UUID, outcome: Outcome) -> bool:
    """Record what the charge is now; False when that is known, or older than what is known.

    What is captured for an order that has ended meanwhile is refunded in the same step, and
    nothing is said about the payment.
    """
    older = Payment.objects.filter(order_id=order_id, charge_version__lt=outcome.version)
    match outcome:
        case Captured():
            return _capture(older, order_id, outcome)
        case Declined():
            return _fail(older, order_id, outcome)
        case Cancelled():
            return _close(older, order_id, outcome)
        case WantsShopper():
            return _challenge(older, order_id, outcome)
    return False  # still pending: nothing is known yet


def _ask_later(payment: Payment, *, after: datetime) -> None:
    """While the shopper has time for the challenge, the gateway has nothing to tell."""
    at, expires_at = next_ask(payment.asks, after=after), payment.challenge_expires_at
    if payment.status == Status.REQUESTED and expires_at is not None and expires_at > after:
        at = expires_at
    due = OutcomeDue(order_id=payment.order_id, number=payment.asks)
    publish(due, key=payment.order_id, at=at)


def _capture(older: QuerySet[Payment], order_id: UUID, outcome: Captured) -> bool:
    captured = {
        "status": Status.CAPTURED,
        "captured_amount": F("amount"),
        "charge": outcome.charge,
        "charge_version": outcome.version,
    }
    if older.filter(status=Status.REQUESTED).update(**captured):
        publish_processed(Payment.objects.get(order_id=order_id))
        return True
    if older.filter(status__in=ENDED).update(**captured):
        give_back_the_rest(Payment.objects.get(order_id=order_id))
        return True
    return False


def _fail(older: QuerySet[Payment], order_id: UUID, outcome: Declined) -> bool:
    codes = {"failure_code": outcome.code, "decline_code": outcome.decline_code}
    known = {"charge_version": outcome.version}
    if older.filter(status=Status.REQUESTED).update(status=Status.FAILED, **codes, **known):
        publish_failed(order_id, code=outcome.code, decline_code=outcome.decline_code)
        return True
    cancelled = older.filter(status=Status.CANCEL_REQUESTED)
    return cancelled.update(status=Status.VOID, **known) == 1


def _close(older: QuerySet[Payment], order_id: UUID, outcome: Cancelled) -> bool:
    """Nobody answered the challenge in time, or the order has ended."""
    challenged = older.exclude(challenge="").exists()
    code = AUTHENTICATION_EXPIRED if challenged else CLOSED
    return _fail(older, order_id, Declined(code=code, decline_code="", version=outcome.version))


def _challenge(older: QuerySet[Payment], order_id: UUID, outcome: WantsShopper) -> bool:
    changes = {"challenge": outcome.challenge, "challenge_expires_at": outcome.expires_at}
    changes |= {"charge_version": outcome.version, "asks": F("asks") + 1}
    if not older.filter(status=Status.REQUESTED).update(**changes):
        return False
    payment = Payment.objects.get(order_id=order_id)
    url = reverse("payments:challenge", args=[outcome.challenge])
    wanted = ActionRequired(order_id=order_id, url=url, expires_at=outcome.expires_at)
    publish(wanted, key=order_id)
    _ask_later(payment, after=timezone.now())
    return True
