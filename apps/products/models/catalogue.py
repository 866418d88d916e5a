"""A tree of categories, products in them, and the variants that people buy.

What is marked as derived is written by `operations.telling` alone, from the rows that it follows
from, and is the same as what is told in products.changed.
"""

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, validate_slug
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

from apps.products import pictures

LEVELS = 3  # of the category tree: more than a shopper cares to click through
RESERVED = {
    "categories",
    "c",
    "pictures",
    "suggest",
    "waiting",
}  # what else lies beside the products' addresses


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
    slug = models.SlugField(max_length=60, unique=True)  # its address now; see CategorySlug
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

    def clean(self) -> None:
        others = Category.objects.exclude(pk=self.pk)
        if others.filter(slugs__slug=self.slug).exists():
            raise ValidationError({"slug": "It was the address of another category."})


class Product(models.Model):
    class TaxClass(models.TextChoices):
        STANDARD = "standard", "Standard rate"
        REDUCED = "reduced", "Reduced rate"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # its address now; see ProductSlug
    slug = models.SlugField(max_length=80, unique=True, validators=[validate_product_slug])
    title = models.CharField(max_length=120)
    description = models.TextField()
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    tax_class = models.CharField(max_length=10, choices=TaxClass.choices, default=TaxClass.STANDARD)
    active = models.BooleanField(default=True)

    # Derived: the list of products reads this one row.
    listed = models.BooleanField(default=False, editable=False)  # something of it is for sale
    price_from = models.DecimalField(  # of its cheapest article now; null: nothing is for sale
        max_digits=12, decimal_places=2, null=True, editable=False
    )
    price_to = models.DecimalField(  # of its dearest
        max_digits=12, decimal_places=2, null=True, editable=False
    )
    on_sale = models.BooleanField(default=False, editable=False)  # an article costs less for now
    cover = models.CharField(max_length=40, default="", editable=False)  # recipe
    cover_alt = models.CharField(max_length=200, default="", editable=False)
    # Derived from the approved reviews, written with each decision about one.
    rating_count = models.PositiveIntegerField(default=0, editable=False)
    rating_sum = models.PositiveIntegerField(default=0, editable=False)  # of 1 to 5 each

    class Meta:
        ordering = ["id"]  # in the order in which they were taken in
        indexes = [
            models.Index(fields=["id"], name="product_listed", condition=Q(listed=True)),
            models.Index(
                fields=["price_from", "id"], name="product_by_price", condition=Q(listed=True)
            ),
            models.Index(fields=["title", "id"], name="product_by_title", condition=Q(listed=True)),
            models.Index(
                fields=["category", "id"], name="product_by_category", condition=Q(listed=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="product_listed_has_a_price",
                condition=Q(listed=False) | Q(price_from__gt=0, price_to__gte=F("price_from")),
            ),
            models.CheckConstraint(
                name="product_rating_adds_up",
                condition=Q(
                    rating_sum__gte=F("rating_count"), rating_sum__lte=5 * F("rating_count")
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        others = Product.objects.exclude(pk=self.pk)
        if others.filter(slugs__slug=self.slug).exists():
            raise ValidationError({"slug": "It was the address of another product."})

    @property
    def rating(self) -> Decimal | None:
        """The average of the approved reviews, 1.0 to 5.0; None without any."""
        if not self.rating_count:
            return None
        return (Decimal(self.rating_sum) / self.rating_count).quantize(Decimal("0.1"))


class Variant(models.Model):
    """One article: what has a SKU, a price and a stock."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="variants")
    # the key that other contexts know it by; never changes
    sku = models.CharField(max_length=40, unique=True, validators=[validate_slug])
    price = models.DecimalField(  # the regular one: tax included, in SHOP_CURRENCY
        max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=0, editable=False)  # rises with every change

    # Derived.
    combination = models.CharField(max_length=120, default="", editable=False)  # ids of its values
    option = models.CharField(max_length=130, blank=True, editable=False)  # "Blue / M"
    sale_price = models.DecimalField(  # of the lowest running price list; null: none is lower
        max_digits=12, decimal_places=2, null=True, editable=False
    )
    picture = models.CharField(  # recipe of its first picture, as "mug-blue"
        max_length=40, default="", editable=False, validators=[validate_picture]
    )
    picture_alt = models.CharField(max_length=200, default="", editable=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(price__gt=0), name="variant_price_positive"),
            models.CheckConstraint(
                name="variant_sale_price_is_lower",
                condition=Q(sale_price=None) | Q(sale_price__gt=0, sale_price__lt=F("price")),
            ),
            models.UniqueConstraint(
                fields=["product", "combination"],
                name="variant_one_a_combination",
                violation_error_message="Another variant of the product is the same to choose.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.title}"

    @property
    def title(self) -> str:
        """Of the product and, where there is a choice, of the variant."""
        return f"{self.product.title}, {self.option}" if self.option else self.product.title

    @property
    def costs(self) -> Decimal:
        """What it costs now, tax included, in SHOP_CURRENCY."""
        return self.price if self.sale_price is None else self.sale_price

    @property
    def regular_price(self) -> Decimal | None:
        """What it costs when it is not on sale; None while it is not."""
        return None if self.sale_price is None else self.price


class Availability(models.Model):
    """How many units can be sold, as inventory last said."""

    sku = models.CharField(max_length=40, primary_key=True)
    available = models.PositiveIntegerField()  # units
    version = models.PositiveBigIntegerField()  # of inventory's; the highest is kept

    class Meta:
        verbose_name_plural = "availabilities"

    def __str__(self) -> str:
        return f"{self.sku}: {self.available}"
