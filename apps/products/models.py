"""What the shop sells: a tree of categories, products in them, and the variants people buy."""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, validate_slug
from django.db import models
from uuid_utils.compat import uuid7

from apps.products import pictures

LEVELS = 3  # of the category tree: more than a shopper cares to click through
RESERVED = {"categories"}  # /api/v1/products/categories/ is not a product


def validate_picture(name: str) -> None:
    """Refuse a recipe that there is no picture for."""
    if not pictures.exists(name):
        raise ValidationError("There is no picture %(name)s.", params={"name": repr(name)})


def validate_product_slug(slug: str) -> None:
    """Refuse a slug that is an address of something else."""
    if slug in RESERVED:
        raise ValidationError("%(slug)s is an address of its own.", params={"slug": slug})


class Category(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    slug = models.SlugField(max_length=60, unique=True)  # its address; never changes
    title = models.CharField(max_length=60)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        limit_choices_to={"parent__parent": None},  # so that there are LEVELS levels at most
    )
    position = models.PositiveSmallIntegerField(default=0)  # among its siblings
    active = models.BooleanField(default=True)  # False hides all that is below, too

    class Meta:
        verbose_name_plural = "categories"
        ordering = ["position", "title", "id"]

    def __str__(self) -> str:
        return self.title


class Product(models.Model):
    class TaxClass(models.TextChoices):
        STANDARD = "standard", "Standard rate"
        REDUCED = "reduced", "Reduced rate"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # its address; never changes
    slug = models.SlugField(max_length=80, unique=True, validators=[validate_product_slug])
    title = models.CharField(max_length=120)
    description = models.TextField()
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    tax_class = models.CharField(max_length=10, choices=TaxClass.choices, default=TaxClass.STANDARD)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["id"]  # in the order in which they were taken in

    def __str__(self) -> str:
        return self.title


class Variant(models.Model):
    """One article: what has a SKU, a price and a stock."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="variants")
    # the key that other contexts know it by; never changes
    sku = models.CharField(max_length=40, unique=True, validators=[validate_slug])
    option = models.CharField(max_length=60, blank=True)  # "Blue / M"; empty for an only variant
    price = models.DecimalField(  # tax included, in SHOP_CURRENCY
        max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    picture = models.CharField(max_length=40, validators=[validate_picture])  # "mug-blue"
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0, editable=False)  # rises with every change

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=models.Q(price__gt=0), name="variant_price_positive")
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.title}"

    @property
    def title(self) -> str:
        """Of the product and, where there is a choice, of the variant."""
        return f"{self.product.title}, {self.option}" if self.option else self.product.title


class Availability(models.Model):
    """How many units can be sold, as inventory last said."""

    sku = models.CharField(max_length=40, primary_key=True)
    available = models.PositiveIntegerField()  # units
    version = models.PositiveBigIntegerField()  # of inventory's; the highest is kept

    class Meta:
        verbose_name_plural = "availabilities"

    def __str__(self) -> str:
        return f"{self.sku}: {self.available}"
