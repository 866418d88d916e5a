"""What there is to choose at a product: axes with values, and one variant a combination."""

from uuid import UUID

from django.db import models
from uuid_utils.compat import uuid7

from apps.products.models.catalogue import Product, Variant

AXES = 3  # of a product: a fourth would be another product


class Option(models.Model):
    """One axis, as "Colour"."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.CASCADE, related_name="options")
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)  # among the product's axes

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["product", "name"], name="option_once_a_product")
        ]

    def __str__(self) -> str:
        return self.name


class OptionValue(models.Model):
    """One value of an axis, as "Blue"."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    option = models.ForeignKey(Option, models.CASCADE, related_name="values")
    name = models.CharField(max_length=40)
    position = models.PositiveSmallIntegerField(default=0)  # among the axis' values

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["option", "name"], name="option_value_once_an_option")
        ]

    def __str__(self) -> str:
        return f"{self.option.name}: {self.name}"

    @property
    def place(self) -> tuple[int, UUID]:
        """Sorts the values of an axis."""
        return self.position, self.pk


class VariantValue(models.Model):
    """What a variant is on one axis of its product."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="values")
    option = models.ForeignKey(Option, models.CASCADE, related_name="+")
    value = models.ForeignKey(OptionValue, models.RESTRICT, related_name="variants")

    class Meta:
        ordering = ["option__position", "option_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "option"], name="variant_value_once_an_option"
            )
        ]

    def __str__(self) -> str:
        return str(self.value)
