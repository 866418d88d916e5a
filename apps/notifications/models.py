"""Mails: what they are about, what became of them, who wants which, and a mailbox for development."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

# An attempt takes seconds (settings.EMAIL_TIMEOUT a step). One that began this long ago and has
# no result belonged to a process that died: nobody knows whether the mail went out.
UNKNOWN_AFTER = timedelta(minutes=5)

# Of columns that came later: code that does not know them yet may still write rows.
EMPTY: dict[str, Any] = {"blank": True, "default": "", "db_default": ""}


class OrderInfo(models.Model):
    """What mails say about an order; from orders.created, never changed."""

    order_id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=40)
    email = models.EmailField(max_length=254)
    url = models.URLField(max_length=1000)  # of its page; opens a guest's order too
    subject = models.CharField(max_length=64, **EMPTY)  # whose order it is: see Notification
    lines = models.JSONField()  # [{"title", "quantity", "unit_price", "discount", "tax"}]
    coupon = models.CharField(max_length=64, **EMPTY)  # its code
    discount = models.DecimalField(max_digits=12, decimal_places=2)  # 0 or more, taken off
    shipping = models.DecimalField(max_digits=12, decimal_places=2)
    tax = models.DecimalField(max_digits=12, decimal_places=2)  # included in the total
    total = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)  # ISO 4217

    class Meta:
        verbose_name = "order"

    def __str__(self) -> str:
        return self.number


class Refund(models.Model):
    """Money that went back; from payments.refunded, which may come before orders.created."""

    event_id = models.UUIDField(primary_key=True)
    order_id = models.UUIDField(db_index=True)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    total_refunded = models.DecimalField(max_digits=12, decimal_places=2)  # of the order so far
    currency = models.CharField(max_length=3)  # ISO 4217

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


class Notification(models.Model):
    """A mail to somebody, rendered once, and what became of it."""

    class Kind(models.TextChoices):
        ORDER_CONFIRMED = "order_confirmed", "order confirmed"
        ORDER_FAILED = "order_failed", "order failed"
        ORDER_CANCELLED = "order_cancelled", "order cancelled"
        ORDER_SHIPPED = "order_shipped", "order shipped"
        ORDER_DELIVERED = "order_delivered", "order delivered"
        PAYMENT_REFUNDED = "payment_refunded", "payment refunded"
        EMAIL_VERIFICATION = "email_verification", "address to be confirmed"
        EMAIL_CHANGED = "email_changed", "address changed"
        PASSWORD_RESET = "password_reset", "new password asked for"
        PASSWORD_CHANGED = "password_changed", "password changed"
        BACK_IN_STOCK = "back_in_stock", "back in stock"
        LOW_STOCK = "low_stock", "low stock (staff)"
        REFUND_FAILED = "refund_failed", "refund failed (staff)"

    class State(models.TextChoices):
        REQUESTED = "requested", "requested"
        SENDING = "sending", "being sent"
        SENT = "sent", "sent"
        FAILED = "failed", "refused or unreachable"  # certainly not delivered
        HELD = "held", "outcome unknown"  # a person decides whether it is sent again
        SKIPPED = "skipped", "not wanted"  # the recipient does without this kind
        EXPIRED = "expired", "too late to send"  # its link was not good any more

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=32, choices=Kind)
    # What it is about: the order for what happens once to an order, the event for what may
    # happen again (a refund). One mail for each to each recipient, however often the event is
    # delivered.
    occasion = models.UUIDField()
    order_id = models.UUIDField(null=True, blank=True, db_index=True)
    # Whose it is: the id of a user, a hash for a guest, empty for staff. Preferences go by it.
    whose = models.CharField(max_length=64, db_index=True, **EMPTY)
    recipient = models.EmailField(max_length=254)
    expires_at = models.DateTimeField(null=True, blank=True)  # not to be sent any more then
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=9, choices=State, default=State.REQUESTED)
    attempts = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)  # of the last attempt
    created_at = models.DateTimeField(default=timezone.now)
    begun_at = models.DateTimeField(null=True, blank=True)  # the last attempt
    begun_by = models.UUIDField(null=True, blank=True)  # the event whose call makes it
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "occasion", "recipient"], name="notifications_one_an_occasion"
            )
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="notifications_state")]

    def __str__(self) -> str:
        return f"{self.subject} ({self.state})"

    @property
    def is_unknown(self) -> bool:
        """Whether nobody can say if the last attempt reached the mail server."""
        stuck = self.begun_at is not None and self.begun_at < timezone.now() - UNKNOWN_AFTER
        return self.state == self.State.HELD or (self.state == self.State.SENDING and stuck)

    @property
    def has_secret(self) -> bool:
        """Whether it holds a link that lets whoever reads it act for somebody."""
        return self.kind in WITH_SECRET


# What people can do without. The rest has to be told: it is about their money or their account.
OPTIONAL = (Notification.Kind.ORDER_SHIPPED, Notification.Kind.ORDER_DELIVERED)
WITH_SECRET = (Notification.Kind.EMAIL_VERIFICATION, Notification.Kind.PASSWORD_RESET)
FOR_STAFF = (Notification.Kind.LOW_STOCK, Notification.Kind.REFUND_FAILED)


class OptOut(models.Model):
    """Somebody does without a kind of mail. No row: they get it."""

    whose = models.CharField(max_length=64)  # as in Notification; never empty
    kind = models.CharField(max_length=32, choices=Notification.Kind)  # one of OPTIONAL
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["whose", "kind"], name="notifications_one_opt_out")
        ]

    def __str__(self) -> str:
        return f"no {self.kind}"


class Resend(models.Model):
    """Somebody asked for a mail to be sent again."""

    notification = models.ForeignKey(Notification, on_delete=models.PROTECT, related_name="resends")
    by = models.CharField(max_length=64)  # the id of the member of staff
    before = models.CharField(max_length=9)  # the state it was in
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"by {self.by} at {self.at:%Y-%m-%d %H:%M}"


class MailboxMessage(models.Model):
    """A mail that went to the development mailbox instead of a mail server."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # grows with time
    sender = models.CharField(max_length=320)
    recipients = models.TextField()  # separated by ", "
    subject = models.TextField()
    text = models.TextField()
    html = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.subject
