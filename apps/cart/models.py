"""What shoppers mean to buy, what became of it, and what this context knows of articles."""

from django.core.validators import validate_slug
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from uuid_utils.compat import uuid7

MOST = 99  # units of one article in a cart
MOST_LINES = 100  # different articles in a cart; what two carts become at signing in may be more


class Cart(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", "Open"  # the one its owner fills; at most one an owner
        ORDERED = "ordered", "Ordered"  # holds what a live order was placed for
        CLOSED = "closed", "Closed"  # empty: sold, or poured into another

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.CharField(max_length=80)  # "user:<id>" or "cart:<sha256 of the cart token>"
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.OPEN)
    version = models.PositiveIntegerField(default=0)  # rises with every change
    coupon = models.CharField(
        max_length=40, blank=True, default="", db_default=""
    )  # the code was entered
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
    coupon = models.CharField(max_length=40, blank=True, default="", db_default="")  # its code
    # null: the order uses the coupon; else it gave the use back, which is kept for the shopper
    # (who may pay again) until then
    coupon_held_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["placed_at", "order_id"]

    def __str__(self) -> str:
        return f"{self.order_id} ({self.status})"


class Coupon(models.Model):
    """A code that makes a cart cheaper. How often it was used is what CouponUse says."""

    class Kind(models.TextChoices):
        PERCENT = "percent", "Percent of the subtotal"
        FIXED = "fixed", "An amount, at most the subtotal"

    # in capitals; shoppers need not type it so
    code = models.CharField(max_length=40, primary_key=True, validators=[validate_slug])
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.DecimalField(max_digits=12, decimal_places=2)  # percent, or SHOP_CURRENCY
    # subtotal from which on it is good, in SHOP_CURRENCY
    minimum = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    starts_at = models.DateTimeField(null=True, blank=True)  # null: has always been good
    ends_at = models.DateTimeField(null=True, blank=True)  # null: for ever; not good at it
    total_limit = models.PositiveIntegerField(null=True, blank=True)  # orders; null: any number
    customer_limit = models.PositiveIntegerField(null=True, blank=True)  # orders of one customer
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(code=Upper(F("code"))) & ~Q(code=""), name="cart_coupon_capitals"
            ),
            models.CheckConstraint(
                condition=Q(amount__gt=0) & (Q(kind="fixed") | Q(kind="percent", amount__lte=100)),
                name="cart_coupon_amount",
                violation_error_message="More than 0 is needed, and of a percentage at most 100.",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=0),
                name="cart_coupon_minimum",
                violation_error_message="Nothing less than 0 is asked for.",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="cart_coupon_window",
                violation_error_message="It has to end after it starts.",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class CouponUse(models.Model):
    """One use of a coupon by one cart: held for its quotes, then had by its order.

    A cart has one live order at a time, so one use is enough for all that its quotes and its
    orders (one that failed, one that pays it again) can ever need at once.
    """

    class Status(models.TextChoices):
        HELD = "held", "Held"  # until held_until, then it is anybody's
        USED = "used", "Used"  # by an order that is live or was confirmed

    coupon = models.ForeignKey(Coupon, models.PROTECT, related_name="uses")
    cart_id = models.UUIDField()  # no relation: it outlives the cart
    cart_version = models.PositiveIntegerField()  # of the newest quote with this coupon
    owner = models.CharField(max_length=80, db_index=True)  # the cart's when it was quoted
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.HELD)
    held_until = models.DateTimeField()  # says nothing while it is USED

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["coupon", "cart_id"], name="cart_coupon_use_one_a_cart")
        ]
        indexes = [
            models.Index(fields=["coupon", "status", "held_until"], name="cart_coupon_use_live"),
            models.Index(fields=["cart_id"], name="cart_coupon_use_cart"),
        ]

    def __str__(self) -> str:
        return f"{self.coupon_id} by cart {self.cart_id} ({self.status})"


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
    tax_class = models.CharField(
        max_length=20, default="standard", db_default="standard"
    )  # as rates.py knows them

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
