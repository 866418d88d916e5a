"""What payments remembers: cards kept by reference, one payment an order, its refunds.

The `Gateway…` models are the mock gateway's own records, as a real one would keep them on its
side; only `gateway.py` reads or writes them.
"""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7


class PaymentMethod(models.Model):
    """A card that the gateway keeps, for one order of one owner. The token is not stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    token_hash = models.CharField(max_length=64, unique=True)  # sha256 hex of the token
    owner = models.CharField(max_length=80)  # "user:<id>" or "cart:<sha256 of the cart token>"
    card = models.CharField(max_length=64)  # the gateway's reference
    brand = models.CharField(max_length=20)  # as "visa"
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()  # four digits
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()  # an order placed later cannot use it
    used_by_order = models.UUIDField(null=True, unique=True)  # single use: the order that has it

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class Payment(models.Model):
    """What one order has to pay, and how far that has come."""

    class Status(models.TextChoices):
        NEW = "new", "waits for the order or for its stock"
        REQUESTED = "requested", "a charge is asked of the gateway"
        CANCEL_REQUESTED = "cancel_requested", "the order ended while the charge was asked"
        CAPTURED = "captured", "captured"
        FAILED = "failed", "declined, or refused by a rule"
        VOID = "void", "nothing was captured and nothing will be"
        REFUNDING = "refunding", "a refund is asked of the gateway"
        REFUNDED = "refunded", "refunded"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField(unique=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.NEW)
    # What orders.created says; null or blank until it has come.
    placed_at = models.DateTimeField(null=True)
    pay_before = models.DateTimeField(null=True)  # no charge starts later
    owner = models.CharField(max_length=80, blank=True)
    token_hash = models.CharField(max_length=64, blank=True)  # of the payment method
    currency = models.CharField(max_length=3, blank=True)  # ISO 4217
    amount = models.DecimalField(
        max_digits=12, decimal_places=2, default=Decimal(0)
    )  # the order's total
    reserved = models.BooleanField(default=False)  # inventory.reserved has come
    # The charge.
    gateway_key = models.CharField(max_length=64, null=True, unique=True)  # noqa: DJ001 -- none yet
    asked_at = models.DateTimeField(null=True)  # committed before the gateway is first asked
    card = models.CharField(max_length=64, blank=True)  # the gateway's reference
    brand = models.CharField(max_length=20, blank=True)
    last4 = models.CharField(max_length=4, blank=True)
    charge = models.CharField(max_length=64, blank=True)  # the gateway's reference
    captured_amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    refunded_amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    failure_code = models.CharField(max_length=40, blank=True)
    decline_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="payments_amounts_in_order",
                condition=Q(
                    refunded_amount__gte=0,
                    captured_amount__gte=F("refunded_amount"),
                    amount__gte=F("captured_amount"),
                ),
            ),
            models.CheckConstraint(
                name="payments_key_before_asking",
                condition=Q(asked_at__isnull=True) | Q(gateway_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"payment of order {self.order_id}"


class Refund(models.Model):
    """Captured money on its way back."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "asked of the gateway"
        DONE = "done", "done"

    class Cause(models.TextChoices):
        ORDER_ENDED = "order_ended", "the order failed or was cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    cause = models.CharField(max_length=40, choices=Cause)
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    gateway_key = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="payments_one_refund_a_cause", fields=["payment", "cause"]
            ),
            models.CheckConstraint(name="payments_refund_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"refund of {self.amount}"


class GatewayCard(models.Model):
    """The gateway's vault. Number and security code are never in it, only how the card acts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    behaviour = models.CharField(max_length=40)  # "success", or the decline code of every charge

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class GatewayCharge(models.Model):
    """One answer for ever to everybody who asks with its key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True)
    card = models.ForeignKey(GatewayCard, on_delete=models.PROTECT)
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    currency = models.CharField(max_length=3)
    code = models.CharField(max_length=40, blank=True)  # blank: captured
    decline_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class GatewayRefund(models.Model):
    """One refund of a captured charge."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True)
    charge = models.ForeignKey(GatewayCharge, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key
