"""The mock behind the port: it plays the gateway on tables of its own.

What it answers depends on nothing but its records and the key, so it is the same each time, in
every process and after every crash. It is called outside any transaction: as with a real one,
what it did stays done whatever becomes of the caller.
"""

import time
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum

from apps.payments.gateway import challenges, notices
from apps.payments.gateway.numbers import TEST_CARDS, Behaviour, behaviour_of, codes_of
from apps.payments.gateway.port import (
    ActionRequired,
    Cancelled,
    Captured,
    Card,
    CardRefused,
    Declined,
    Done,
    GatewayMisused,
    GatewayUnavailable,
    Outcome,
    Pending,
    Refused,
    Returned,
    StoredCard,
)
from apps.payments.models import GatewayCard, GatewayCharge, GatewayRefund

Status = GatewayCharge.Status
FAILURES = 2  # of a gateway that is broken at first
REFUND_FAILED = "The card's issuer took the money back to us: the account is closed."


class MockGateway:
    """Takes test cards only. Each number's behaviour is in numbers.py."""

    def store(self, card: Card) -> StoredCard:
        """Keep brand, last digits, expiry and behaviour of a test card; raises CardRefused."""
        known = next((each for each in TEST_CARDS if each.number == card.number), None)
        if known is None:
            raise CardRefused("This is not a test card: this shop takes test cards only.")
        kept = GatewayCard.objects.create(
            brand=known.brand,
            last4=card.number[-4:],
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            behaviour=known.behaviour,
        )
        return StoredCard(
            reference=str(kept.pk),
            brand=kept.brand,
            last4=kept.last4,
            exp_month=kept.exp_month,
            exp_year=kept.exp_year,
        )

    def charge(
        self, *, key: str, card: str, amount: Decimal, currency: str, reference: str
    ) -> Outcome:
        """The card's outcome; asked again, also at once, the same. Raises GatewayMisused when
        the key was used for another charge."""
        kept = GatewayCard.objects.get(pk=card)
        wanted = {"card": kept, "amount": amount, "currency": currency}
        behaviour = behaviour_of(kept.behaviour)
        made = _made(key, wanted | {"reference": reference}, behaviour)
        if made.status != Status.CANCELLED and _differs(made, wanted):
            raise GatewayMisused(f"The key {key} belongs to another charge.")
        if made.status == Status.BROKEN:
            made = _fail_at_first(made)
        return _answer(made)

    def outcome(self, *, key: str) -> Outcome | None:
        """What the charge is now; None when none with that key has come, or all that came of it
        were failures."""
        made = GatewayCharge.objects.select_related("card").filter(key=key).first()
        if made and made.status == Status.BROKEN:
            return None
        return _answer(made) if made else None

    def cancel(self, *, key: str) -> Outcome:
        """Close the key, unless it is decided. One that never came is closed for ever, too."""
        closed = {"status": Status.CANCELLED}
        made, new = GatewayCharge.objects.select_related("card").get_or_create(
            key=key, defaults=closed
        )
        if not new:
            undecided = [Status.CHALLENGED, Status.BROKEN]
            open_ones = GatewayCharge.objects.filter(pk=made.pk, status__in=undecided)
            open_ones.update(version=F("version") + 1, **closed)
            made.refresh_from_db()
        return _answer(made)

    @transaction.atomic
    def refund(self, *, key: str, charge: str, amount: Decimal, reference: str) -> Returned:
        """Note the refund; asked again, what became of it. Raises GatewayMisused when more than
        what is left of the charge is asked, or the key was used for another refund."""
        charged = GatewayCharge.objects.select_for_update().get(pk=charge)
        made = GatewayRefund.objects.filter(key=key).first()
        if made is None:
            gone = charged.refunds.exclude(status=GatewayRefund.Status.FAILED)
            returned = gone.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
            if charged.status != Status.CAPTURED or returned + amount > charged.amount:
                raise GatewayMisused(f"The refund {key} is more than what was captured.")
            made = _new_refund(charged, key=key, amount=amount, reference=reference)
        if (made.charge_id, made.amount) != (charged.pk, amount):
            raise GatewayMisused(f"The key {key} belongs to another refund.")
        if not made.told:
            return Pending()
        if made.status == GatewayRefund.Status.FAILED:
            return Refused(message=made.message, version=made.version)
        return Done(version=made.version)


def _made(key: str, wanted: dict[str, Any], behaviour: Behaviour) -> GatewayCharge:
    """The charge of that key, new or old; a new one's webhooks are queued in the same commit."""
    told_later = bool(behaviour.webhooks)
    facts = {
        "status": behaviour.status,
        "told": not told_later,
        "version": max(behaviour.webhooks) if told_later else 1,
    }
    if behaviour.status == Status.DECLINED:
        facts |= codes_of(behaviour.decline)
    if behaviour.status == Status.CHALLENGED:
        facts |= challenges.opened()
    with transaction.atomic():
        charges = GatewayCharge.objects.select_related("card")
        made, new = charges.get_or_create(key=key, defaults=wanted | facts)
        if new and told_later:
            notices.tell_later(made, behaviour.webhooks)
    if new and behaviour.slow:
        _take_time()
    return made


def _differs(made: GatewayCharge, wanted: dict[str, Any]) -> bool:
    return {name: getattr(made, name) for name in wanted} != wanted


def _take_time() -> None:
    """Longer than we wait is no answer, though it took effect."""
    takes, patience = settings.GATEWAY_SLOW_SECONDS, settings.GATEWAY_TIMEOUT.total_seconds()
    time.sleep(min(takes, patience))
    if takes >= patience:
        raise GatewayUnavailable


def _fail_at_first(made: GatewayCharge) -> GatewayCharge:
    """Count the asking; the charge is made when it has failed often enough."""
    broken = GatewayCharge.objects.filter(pk=made.pk, status=Status.BROKEN)
    if not broken.filter(asked__gte=FAILURES).update(status=Status.CAPTURED):
        broken.update(asked=F("asked") + 1)
        raise GatewayUnavailable
    made.refresh_from_db()
    return made


def _answer(made: GatewayCharge) -> Outcome:
    """What the charge is, in the port's words; raises GatewayUnavailable for one that is not
    answered for."""
    if made.status in (Status.BROKEN, Status.LOST):
        raise GatewayUnavailable
    if not made.told:
        if made.card and behaviour_of(made.card.behaviour).silent:
            raise GatewayUnavailable
        return Pending(version=notices.PROCESSING)
    if made.status == Status.DECLINED:
        return Declined(code=made.code, decline_code=made.decline_code, version=made.version)
    if made.status == Status.CHALLENGED and made.challenge and made.expires_at:
        return ActionRequired(
            challenge=made.challenge, expires_at=made.expires_at, version=made.version
        )
    if made.status == Status.CANCELLED:
        return Cancelled(version=made.version)
    return Captured(charge=str(made.pk), version=made.version)


def _new_refund(
    charged: GatewayCharge, *, key: str, amount: Decimal, reference: str
) -> GatewayRefund:
    course = behaviour_of(charged.card.behaviour).refund if charged.card else "done"
    made = GatewayRefund(key=key, charge=charged, amount=amount, reference=reference)
    if course != "done":
        made.told, made.version = False, 2
    if course == "failed":
        made.status, made.message = GatewayRefund.Status.FAILED, REFUND_FAILED
    made.save(force_insert=True)
    if not made.told:
        notices.tell_later(made, (made.version,))
    return made
