"""Prices for a while."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from apps.products.models.catalogue import Variant


class PriceList(models.Model):
    """A sale: prices that hold from one time to another."""

    class State(models.TextChoices):
        OFF = "off", "Switched off"
        PLANNED = "planned", "Planned"
        RUNNING = "running", "Running"
        OVER = "over", "Over"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=80, unique=True)  # for staff
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)  # null: until it is switched off
    active = models.BooleanField(default=True)
    # Derived: of the above when they were saved, and then of the events that are due. Prices
    # follow it and never a clock, so that no two clocks can disagree about what a thing costs.
    state = models.CharField(max_length=7, choices=State, default=State.OFF, editable=False)
    revision = models.PositiveIntegerField(default=0, editable=False)  # rises when it is saved

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="price_list_ends_after_its_start",
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValidationError({"ends_at": "It must end after its start."})


class SalePrice(models.Model):
    """What an article costs while the list runs. Never more than the regular price; if another
    running list is lower still, that one holds."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices")
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="sale_prices")
    price = models.DecimalField(  # tax included, in SHOP_CURRENCY
        max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["price_list", "variant"], name="sale_price_once_a_list"
            ),
            models.CheckConstraint(condition=Q(price__gt=0), name="sale_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.variant.sku}: {self.price}"

    def clean(self) -> None:
        if self.variant_id and self.price and self.price > self.variant.price:
            raise ValidationError({"price": f"The regular price is {self.variant.price}."})
