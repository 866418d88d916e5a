"""Every read of payments."""

from datetime import datetime
from hashlib import sha256
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from apps.payments.models import Payment, PaymentMethod, Refund


def hash_of(token: str) -> str:
    """What is kept of a payment method's token."""
    return sha256(token.encode()).hexdigest()


def unused_method(*, token: str, owner: str | None) -> PaymentMethod | None:
    """The owner's method with that token, if an order could use it now."""
    methods = usable_methods(token_hash=hash_of(token), owner=owner or "", at=timezone.now())
    return methods.filter(used_by_order=None).first()


def usable_methods(
    *, token_hash: str, owner: str, at: datetime, order_id: UUID | None = None
) -> QuerySet[PaymentMethod]:
    """The owner's method, if it was good at `at` and no order but `order_id` has it."""
    free = Q(used_by_order=None) | Q(used_by_order=order_id)
    return PaymentMethod.objects.filter(free, token_hash=token_hash, owner=owner, expires_at__gt=at)


def payment_of(order_id: UUID) -> Payment | None:
    """The order's payment, if payments has heard of the order."""
    return Payment.objects.filter(order_id=order_id).first()


def refunds_of(order_id: UUID) -> QuerySet[Refund]:
    """The order's refunds, oldest first."""
    return Refund.objects.filter(payment__order_id=order_id).order_by("pk")


def refund(refund_id: UUID) -> Refund:
    """The refund with its payment; raises Refund.DoesNotExist."""
    return Refund.objects.select_related("payment").get(pk=refund_id)
