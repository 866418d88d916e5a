"""What the shopper looks at."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Trim
from django.db.models.lookups import Exact
from uuid_utils.compat import uuid7

from apps.products.models.catalogue import Product, Variant, validate_picture


class Picture(models.Model):
    """One picture of a product or of one of its variants; a variant shows its own first."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="pictures")
    variant = models.ForeignKey(  # of the same product; null: of all its variants
        Variant, models.CASCADE, null=True, blank=True, related_name="pictures"
    )
    recipe = models.CharField(max_length=40, validators=[validate_picture])
    alt = models.CharField("alternative text", max_length=200)  # what it shows, in words
    width = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)], editable=False)
    height = models.PositiveSmallIntegerField(validators=[MinValueValidator(1)], editable=False)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                name="picture_says_what_it_shows", condition=~Q(Exact(Trim("alt"), ""))
            ),
            models.CheckConstraint(
                name="picture_has_a_size", condition=Q(width__gt=0, height__gt=0)
            ),
            models.UniqueConstraint(
                name="picture_once_a_product",
                fields=["product", "recipe"],
                condition=Q(variant=None),
            ),
            models.UniqueConstraint(name="picture_once_a_variant", fields=["variant", "recipe"]),
        ]

    def __str__(self) -> str:
        return self.recipe
