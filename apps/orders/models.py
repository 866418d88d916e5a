"""What orders knows: the orders themselves, their history, and its own view of prices."""

import secrets
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from uuid_utils.compat import uuid7

from apps.orders.countries import name_of
from apps.orders.shipping import method_name

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # no I, L, O, U: safe to read out on the phone


def new_number() -> str:
    """A number for people, as "HP-7F3K-92QD": 40 random bits, so no order tells of another."""
    drawn = "".join(secrets.choice(CROCKFORD) for _ in range(8))
    return f"HP-{drawn[:4]}-{drawn[4:]}"


def first_id(at: datetime) -> UUID:
    """The least id that a row made at that time or later has: so the primary key bounds it."""
    return UUID(int=int(at.timestamp() * 1000) << 80)  # a UUIDv7 starts with its milliseconds


# An amount in the order's currency.
money = partial(models.DecimalField, max_digits=12, decimal_places=2)
# One that a release before knew nothing of: the database fills it in for that one's writes.
later_money = partial(money, default=Decimal("0.00"), db_default=Decimal("0.00"))
later_text = partial(models.CharField, blank=True, default="", db_default="")


def between(field: str, amount: Any) -> Q:
    """Not negative and no more than the amount; rounded, because SQLite computes decimals in
    binary floats."""
    most = Round(amount, precision=2)
    return Q(**{f"{field}__gte": 0, f"{field}__lte": most})


class Order(models.Model):
    """What a shopper bought, at the prices of the signed quote. Its status is the saga's verdict
    and changes only by a conditional update in operations."""

    class Status(models.TextChoices):
        PENDING = "PENDING", "In progress"
        CONFIRMED = "CONFIRMED", "Confirmed"
        SHIPPED = "SHIPPED", "Shipped"
        DELIVERED = "DELIVERED", "Delivered"
        FAILED = "FAILED", "Not completed"
        CANCELLED = "CANCELLED", "Cancelled"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    number = models.CharField(max_length=16, unique=True, default=new_number)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    owner = models.CharField(max_length=80)  # "user:<id>" or "cart:<sha256>"
    customer_id = models.UUIDField(null=True, blank=True)  # null for guests
    email = models.EmailField()
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=120)
    postcode = models.CharField(max_length=20)
    country = models.CharField(max_length=2)  # ISO 3166-1 alpha-2
    currency = models.CharField(max_length=3)  # ISO 4217
    subtotal = money()
    discount = money()
    coupon = later_text(max_length=100)  # the code that gave the discount
    shipping = money()
    shipping_method = later_text(max_length=40)  # of the quote
    shipping_tax = later_money()  # included in shipping
    tax = money()  # included in the total: the lines' and shipping's
    total = money()
    refunded = money(default=Decimal("0.00"))  # so far
    cart_id = models.UUIDField()
    cart_version = models.PositiveBigIntegerField()
    retry_of = models.UUIDField(null=True, blank=True, unique=True)  # the failed order paid again
    payment_method = models.CharField(max_length=200)  # a token of payments'
    failure_code = models.CharField(max_length=40, blank=True)
    decline_code = models.CharField(max_length=80, blank=True)  # of the gateway
    failure_message = models.TextField(blank=True)  # for the shopper
    missing = models.JSONField(default=list, blank=True)  # [{sku, title, wanted, available}]
    carrier = models.CharField(max_length=80, blank=True)
    tracking = models.CharField(max_length=120, blank=True)
    placed_at = models.DateTimeField()
    pay_before = models.DateTimeField()  # cancelled when not paid by then

    class Meta:
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                name="orders_total_adds_up",
                # Rounded, because SQLite computes decimals in binary floats.
                condition=Q(total__gte=0)
                & Q(
                    total=Round(F("subtotal") - F("discount") + F("shipping"), precision=2),
                ),
            ),
            models.CheckConstraint(
                name="orders_amounts_not_negative",
                condition=Q(
                    subtotal__gte=0, discount__gte=0, shipping__gte=0, tax__gte=0, refunded__gte=0
                ),
            ),
            models.CheckConstraint(
                name="orders_refunded_within_the_total", condition=Q(refunded__lte=F("total"))
            ),
            models.CheckConstraint(
                name="orders_parts_within_their_whole",
                condition=between("discount", F("subtotal"))
                & between("shipping_tax", F("shipping"))
                & between("tax", F("total")),
            ),
            models.UniqueConstraint(
                name="orders_one_live_order_a_cart",
                fields=["cart_id"],
                condition=~Q(status__in=["FAILED", "CANCELLED"]),
            ),
            models.UniqueConstraint(
                name="orders_a_quote_makes_one_order",
                fields=["cart_id", "cart_version"],
                condition=Q(retry_of__isnull=True),
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-placed_at"], name="orders_mine"),
            models.Index(
                fields=["pay_before"], name="orders_overdue", condition=Q(status="PENDING")
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def country_name(self) -> str:
        """The country in words."""
        return name_of(self.country)

    @property
    def shipping_name(self) -> str:
        """The way of delivery in words."""
        return method_name(self.shipping_method)


class OrderLine(models.Model):
    """One ordered article, as it was offered."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=64)
    title = models.CharField(max_length=400)
    quantity = models.PositiveIntegerField()  # units, 1 or more
    unit_price = money()  # tax included
    price_version = models.PositiveBigIntegerField()  # of products.changed
    discount = later_money()  # of the whole line: its share of the order's
    tax_rate = later_money()  # percent
    tax = later_money()  # included in what is paid for the line

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                name="orders_line_parts_within_their_whole",
                condition=between("discount", F("unit_price") * F("quantity"))
                & between("tax", F("unit_price") * F("quantity") - F("discount"))
                & Q(tax_rate__gte=0, tax_rate__lte=100),
            ),
            models.UniqueConstraint(name="orders_one_line_a_sku", fields=["order", "sku"]),
            models.CheckConstraint(
                name="orders_line_quantity_and_price",
                condition=Q(quantity__gte=1, unit_price__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.title}"

    @property
    def total(self) -> Decimal:
        """Of the line before its discount, in the order's currency."""
        return self.unit_price * self.quantity


class StatusChange(models.Model):
    """One step of an order's history: never changed, never removed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="history")
    from_status = models.CharField(max_length=10, blank=True)  # empty: it was placed
    to_status = models.CharField(max_length=10)
    by = models.CharField(max_length=40)  # customer, staff, timeout, inventory, payments
    actor = later_text(max_length=80)  # which person of the staff: "user:<id>"
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(name="orders_each_status_once", fields=["order", "to_status"]),
            models.CheckConstraint(
                name="orders_history_moves", condition=~Q(from_status=F("to_status"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_status or 'new'} → {self.to_status} by {self.by}"


class TimelineEntry(models.Model):
    """One step of the timeline that the shopper reads; told by an event of any context."""

    class Kind(models.TextChoices):
        PLACED = "placed"
        RESERVED = "reserved"
        PAID = "paid"
        CONFIRMED = "confirmed"
        MAILED = "mailed"
        SOLD_OUT = "sold_out"
        DECLINED = "declined"
        RELEASED = "released"
        ACTION_REQUIRED = "action_required"
        CANCELLED = "cancelled"
        REFUNDED = "refunded"
        REFUND_FAILED = "refund_failed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="timeline")
    event_id = models.UUIDField()
    kind = models.CharField(max_length=20, choices=Kind)
    data = models.JSONField(default=dict, blank=True)  # what the words need
    at = models.DateTimeField()  # when it happened, not when orders heard of it

    class Meta:
        ordering = ["at", "id"]
        verbose_name_plural = "timeline entries"
        constraints = [
            models.UniqueConstraint(name="orders_an_event_once", fields=["order", "event_id"])
        ]

    def __str__(self) -> str:
        return self.kind


class Price(models.Model):
    """The newest price that products told of an article."""

    sku = models.CharField(max_length=64, primary_key=True)
    price = money()  # tax included
    version = models.PositiveBigIntegerField()
    active = models.BooleanField()  # False: no longer sold

    class Meta:
        ordering = ["sku"]

    def __str__(self) -> str:
        return f"{self.sku} v{self.version}"


class IdempotencyKey(models.Model):
    """The answer that a request got, kept for its repetition. Committed with what it did."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.CharField(max_length=80)  # so that no key crosses users
    request = models.CharField(max_length=200)  # method and path
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the canonical body
    status = models.PositiveSmallIntegerField()  # of the answer
    body = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="orders_key_once", fields=["owner", "request", "key"])
        ]

    def __str__(self) -> str:
        return f"{self.request} {self.key}"
