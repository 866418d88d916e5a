"""Every address that something has had, the present one included: it leads there for ever and
never to anything else, which the primary keys see to."""

from django.db import models

from apps.products.models.catalogue import Category, Product


class CategorySlug(models.Model):
    slug = models.SlugField(max_length=60, primary_key=True)
    category = models.ForeignKey(Category, models.PROTECT, related_name="slugs")

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ProductSlug(models.Model):
    slug = models.SlugField(max_length=80, primary_key=True)
    product = models.ForeignKey(Product, models.PROTECT, related_name="slugs")

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug
