"""Recording what the gateway tells by itself: the same way as its answers, once a message."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F

from apps.payments.gateway import Outcome, Returned
from apps.payments.models import Payment, ReceivedWebhook, Refund
from apps.payments.operations.charging import record_charge
from apps.payments.operations.refunding import record_refund

Result = ReceivedWebhook.Result
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message of the gateway, verified and read."""

    event_id: str
    kind: str  # "charge" or "refund"
    key: str  # of the charge or refund
    version: int  # of the charge or refund
    status: str  # in the gateway's words
    says: Any  # the Outcome or Returned that it means


@transaction.atomic
def record_webhook(notice: Notice) -> str:
    """Record what the message says, unless it came before (then: "duplicate"), is known or older
    than what is known ("ignored"), or is about nothing of ours ("unknown")."""
    facts = {"kind": notice.kind, "key": notice.key, "version": notice.version}
    received, new = ReceivedWebhook.objects.get_or_create(
        event_id=notice.event_id,
        defaults=facts | {"status": notice.status, "result": Result.UNKNOWN},
    )
    if not new:
        ReceivedWebhook.objects.filter(pk=received.pk).update(deliveries=F("deliveries") + 1)
        return DUPLICATE
    result = _record_refund(notice) if notice.kind == "refund" else _record_charge(notice)
    ReceivedWebhook.objects.filter(pk=received.pk).update(result=result)
    return str(result)


def _record_charge(notice: Notice) -> Result:
    outcome: Outcome = notice.says
    payment = Payment.objects.filter(gateway_key=notice.key).first()
    if payment is None:
        return Result.UNKNOWN
    recorded = record_charge(order_id=payment.order_id, outcome=outcome)
    return Result.RECORDED if recorded else Result.IGNORED


def _record_refund(notice: Notice) -> Result:
    answer: Returned = notice.says
    refund = Refund.objects.filter(gateway_key=notice.key).first()
    if refund is None:
        return Result.UNKNOWN
    recorded = record_refund(refund_id=refund.pk, answer=answer)
    return Result.RECORDED if recorded else Result.IGNORED
