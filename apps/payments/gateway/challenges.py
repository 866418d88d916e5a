"""3-D Secure as the mock plays it: the bank's page, where the shopper says yes or no."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.payments.gateway import notices
from apps.payments.gateway.numbers import behaviour_of, codes_of
from apps.payments.models import GatewayCharge

Status = GatewayCharge.Status
DENIED = "authentication_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What its page shows."""

    id: str
    state: str  # "open", "approved", "denied" or "over" (expired, or the charge was closed)
    amount: Decimal
    currency: str
    brand: str
    last4: str
    expires_at: datetime


def opened() -> dict[str, Any]:
    """A new challenge, as a charge has it; good for CHALLENGE_WINDOW."""
    expires_at = timezone.now() + settings.CHALLENGE_WINDOW
    return {"challenge": secrets.token_urlsafe(24), "expires_at": expires_at}


def find(challenge: str) -> Challenge | None:
    """The challenge as it is now."""
    charges = GatewayCharge.objects.select_related("card")
    charge = charges.filter(challenge=challenge).first()
    if charge is None or charge.card is None or charge.expires_at is None:
        return None
    return Challenge(
        id=challenge,
        state=_state(charge, charge.expires_at),
        amount=charge.amount,
        currency=charge.currency,
        brand=charge.card.brand,
        last4=charge.card.last4,
        expires_at=charge.expires_at,
    )


@transaction.atomic
def answer(challenge: str, *, approve: bool) -> bool:
    """Let the shopper answer, once and in time: the charge is captured, or declined. False when
    there is nothing to answer (any more); nothing has changed then."""
    waiting = GatewayCharge.objects.filter(
        challenge=challenge, status=Status.CHALLENGED, expires_at__gt=timezone.now()
    )
    charge = waiting.select_related("card").first()
    if charge is None or charge.card is None:
        return False
    facts: dict[str, Any] = {"status": Status.CAPTURED}
    if not approve:
        facts = {"status": Status.DECLINED, "code": DENIED}
    elif decline := behaviour_of(charge.card.behaviour).decline:
        facts = {"status": Status.DECLINED, **codes_of(decline)}
    if waiting.update(version=F("version") + 1, **facts) != 1:
        return False
    charge.refresh_from_db()
    notices.tell_now(charge)
    return True


def _state(charge: GatewayCharge, expires_at: datetime) -> str:
    if charge.status == Status.CHALLENGED:
        return "open" if timezone.now() < expires_at else "over"
    if charge.status == Status.CANCELLED:
        return "over"
    return "denied" if charge.code == DENIED else "approved"
