"""The mock gateway's own records, as a real one would keep them on its side.

Only the package `gateway` reads and writes them; the admin shows them.
"""

from decimal import Decimal

from django.db import models
from uuid_utils.compat import uuid7


class GatewayCard(models.Model):
    """The gateway's vault. Number and security code are never in it, only how the card acts."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    exp_month = models.PositiveSmallIntegerField()
    exp_year = models.PositiveSmallIntegerField()
    behaviour = models.CharField(max_length=40)  # a name of the behaviours, or a decline code

    def __str__(self) -> str:
        return f"{self.brand} {self.last4}"


class GatewayCharge(models.Model):
    """What became of one key, for ever, and what of it the gateway tells when it is asked."""

    class Status(models.TextChoices):
        CAPTURED = "captured", "captured"
        DECLINED = "declined", "declined"
        CHALLENGED = "challenged", "waits for the shopper (3-D Secure)"
        CANCELLED = "cancelled", "closed before anything was taken"
        BROKEN = "broken", "the gateway fails; nothing is decided"
        LOST = "lost", "nobody works on it"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True)
    reference = models.CharField(max_length=64, blank=True)  # what the shop calls it
    card = models.ForeignKey(GatewayCard, null=True, on_delete=models.PROTECT)  # null: closed first
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status, default=Status.CAPTURED)
    version = models.PositiveIntegerField(default=1)  # counts what it has been
    told = models.BooleanField(default=True)  # False: only a webhook will tell
    asked = models.PositiveIntegerField(default=0)  # how often, while broken
    code = models.CharField(max_length=40, blank=True)  # of a decline
    decline_code = models.CharField(max_length=40, blank=True)
    challenge = models.CharField(  # noqa: DJ001 -- none for most
        max_length=64, null=True, unique=True
    )
    expires_at = models.DateTimeField(null=True)  # the challenge; later answers do not count
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class GatewayRefund(models.Model):
    """One refund of a captured charge."""

    class Status(models.TextChoices):
        DONE = "done", "done"
        FAILED = "failed", "failed"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, unique=True)
    reference = models.CharField(max_length=64, blank=True)  # what the shop calls it
    charge = models.ForeignKey(GatewayCharge, on_delete=models.PROTECT, related_name="refunds")
    amount = models.DecimalField(max_digits=12, decimal_places=2, default=Decimal(0))
    status = models.CharField(max_length=16, choices=Status, default=Status.DONE)
    version = models.PositiveIntegerField(default=1)
    told = models.BooleanField(default=True)  # False: pending, as far as anybody is told
    message = models.CharField(max_length=200, blank=True)  # why it failed
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.key


class GatewayWebhook(models.Model):
    """What the gateway has to tell the shop."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key = models.CharField(max_length=64, db_index=True)  # of the charge or refund it is about
    version = models.PositiveIntegerField()  # of the charge or refund, which it tells
    body = models.TextField()  # JSON as it is sent, every time the same
    sent = models.PositiveIntegerField(default=0)  # how often it was taken
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"about {self.key}"
