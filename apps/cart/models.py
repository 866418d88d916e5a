"""What shoppers mean to buy, what became of it, and what this context knows of articles."""

from django.db import models
from django.db.models import Q
from uuid_utils.compat import uuid7

MOST = 99  # units of one article in a cart


class Cart(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", "Open"  # the one its owner fills; at most one an owner
        ORDERED = "ordered", "Ordered"  # holds what a live order was placed for
        CLOSED = "closed", "Closed"  # empty: sold, or poured into another

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.CharField(max_length=80)  # "user:<id>" or "cart:<sha256 of the cart token>"
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    version = models.PositiveIntegerField(default=0)  # rises with every change
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["owner"], name="cart_owner")]
        constraints = [
            models.UniqueConstraint(
                fields=["owner"], condition=Q(status="open"), name="cart_one_open_an_owner"
            )
        ]

    def __str__(self) -> str:
        return f"{self.id} ({self.status})"


class CartLine(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=40)
    quantity = models.PositiveSmallIntegerField()  # units, 1 to MOST
    # what one cost when it was put in, to tell the shopper when that has changed
    seen_price = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["cart", "sku"], name="cart_line_one_a_sku"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1, quantity__lte=MOST), name="cart_line_quantity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class CartOrder(models.Model):
    """An order placed from a cart, as orders told it. What its cart is, follows from these."""

    class Status(models.TextChoices):
        CREATED = "created", "Created"  # live
        CONFIRMED = "confirmed", "Confirmed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    order_id = models.UUIDField(primary_key=True)
    cart_id = models.UUIDField(db_index=True)  # no relation: the cart may be unknown here
    cart_version = models.PositiveIntegerField()  # of the quote
    placed_at = models.DateTimeField()  # a cart has one live order at a time: the latest placed
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CREATED)
    lines = models.JSONField()  # [{"sku", "quantity", "unit_price"}]

    class Meta:
        ordering = ["placed_at", "order_id"]

    def __str__(self) -> str:
        return f"{self.order_id} ({self.status})"


class Article(models.Model):
    """An article as products last told it."""

    sku = models.CharField(max_length=40, primary_key=True)
    title = models.CharField(max_length=200)
    price = models.DecimalField(max_digits=12, decimal_places=2)  # tax included
    currency = models.CharField(max_length=3)  # ISO 4217
    version = models.PositiveIntegerField()  # of products'; the highest is kept
    picture = models.CharField(max_length=200)  # path
    url = models.CharField(max_length=200)  # path of its page
    active = models.BooleanField()

    def __str__(self) -> str:
        return self.title


class Stock(models.Model):
    """How many units can be sold, as inventory last told it."""

    sku = models.CharField(max_length=40, primary_key=True)
    available = models.PositiveIntegerField()  # units
    version = models.PositiveBigIntegerField()  # of inventory's; the highest is kept

    class Meta:
        verbose_name_plural = "stock"

    def __str__(self) -> str:
        return f"{self.sku}: {self.available}"
