"""What payments remembers: cards kept by reference, one payment an order, its refunds."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
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

    def is_good(self, *, owner: str, at: datetime | None, order_id: UUID | None = None) -> bool:
        """Whether it was its owner's to use at that time, for a new order or for `order_id`."""
        in_time = at is not None and at < self.expires_at
        return in_time and owner == self.owner and self.used_by_order in (None, order_id)


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
    order_number = models.CharField(max_length=20, blank=True, default="", db_default="")
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
    charge_version = models.PositiveIntegerField(default=0)  # of the gateway's newest that counts
    asks = models.PositiveIntegerField(default=0)  # numbers the asking again; only the newest asks
    # 3-D Secure: blank and null when the card's issuer did not want to see the shopper.
    challenge = models.CharField(max_length=64, blank=True)  # unguessable: opens its page
    challenge_expires_at = models.DateTimeField(null=True)
    order_path = models.CharField(max_length=200, blank=True)  # of the order's page, on this site
    # Money: what is captured and neither returned nor on its way back can be refunded.
    captured_amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    refunded_amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    refunding_amount = models.DecimalField(
        max_digits=12, decimal_places=2, default=Decimal(0)
    )  # asked of the gateway, which has not said yet
    failure_code = models.CharField(max_length=40, blank=True)
    decline_code = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [("refund_payment", "Can give captured money back")]
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
                name="payments_no_more_back_than_captured",
                # Rounded, for SQLite adds decimals as floating point numbers.
                condition=Q(
                    refunding_amount__gte=0,
                    captured_amount__gte=Round(F("refunded_amount") + F("refunding_amount"), 2),
                ),
            ),
            models.UniqueConstraint(
                name="payments_one_payment_a_challenge",
                fields=["challenge"],
                condition=~Q(challenge=""),
            ),
            models.CheckConstraint(
                name="payments_key_before_asking",
                condition=Q(asked_at__isnull=True) | Q(gateway_key__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"payment of order {self.order_name}"

    @property
    def order_name(self) -> str:
        """What people call the order; its id while orders has not told."""
        return self.order_number or str(self.order_id)

    @property
    def kept(self) -> Decimal:
        """Captured and not returned."""
        return self.captured_amount - self.refunded_amount

    @property
    def refundable(self) -> Decimal:
        """Captured, not returned, and not on its way back."""
        return self.kept - self.refunding_amount


class Refund(models.Model):
    """Captured money on its way back."""

    class Status(models.TextChoices):
        REQUESTED = "requested", "asked of the gateway"
        DONE = "done", "done"
        FAILED = "failed", "the gateway could not give it back"

    class Cause(models.TextChoices):
        ORDER_ENDED = "order_ended", "the order failed or was cancelled"
        STAFF = "staff", "staff gave it back"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds")
    cause = models.CharField(max_length=40, choices=Cause)
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    reason = models.CharField(max_length=200, blank=True)  # why, in the words of who asked
    by = models.CharField(max_length=80, blank=True)  # "user:<id>" of staff; blank: by itself
    request_key = models.CharField(max_length=255, blank=True)  # the asker's; the same: the same
    gateway_key = models.CharField(max_length=64, unique=True)
    gateway_version = models.PositiveIntegerField(default=0)  # of the newest answer that counts
    asks = models.PositiveIntegerField(default=0)  # numbers the asking again
    status = models.CharField(max_length=16, choices=Status, default=Status.REQUESTED)
    failure = models.CharField(max_length=200, blank=True)  # the gateway's words
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["pk"]  # in time
        constraints = [
            models.UniqueConstraint(
                name="payments_one_refund_by_itself",
                fields=["payment"],
                condition=Q(cause="order_ended"),
            ),
            models.UniqueConstraint(
                name="payments_one_refund_a_key",
                fields=["payment", "request_key"],
                condition=~Q(request_key=""),
            ),
            models.CheckConstraint(name="payments_refund_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"refund of {self.amount}"
