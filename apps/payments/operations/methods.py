"""Keeping a card by reference, for one order of one owner."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from apps.payments import queries
from apps.payments.gateway import StoredCard
from apps.payments.models import PaymentMethod

METHOD_LIFETIME = timedelta(minutes=30)


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
