"""What lists and search read: one row for each product that is listed, and the words in use.

Derived, as products' other columns are: `operations.telling` writes it in the commit of the change
that it follows from. The database itself keeps what it searches by in step with the columns of
words (migrations/0011_search.py).
"""

from django.db import models
from django.db.models import Q

from apps.products.models.catalogue import Category, Product


class Listing(models.Model):
    """A product that is listed, by everything that a list is narrowed down or ordered by."""

    product = models.OneToOneField(Product, models.CASCADE)
    category = models.ForeignKey(Category, models.PROTECT, related_name="+", db_index=False)
    title = models.CharField(max_length=120)
    price_from = models.DecimalField(max_digits=12, decimal_places=2)
    on_sale = models.BooleanField()
    in_stock = (
        models.BooleanField()
    )  # units of an active variant are left; in no index, as it turns
    choices = models.TextField()  # what can be had of it, a line each; see `search.choices`
    names = models.TextField()  # the words of its title
    options = models.TextField()  # those of its variants
    words = models.TextField()  # those of its description

    class Meta:
        ordering = ["product"]
        indexes = [
            models.Index(fields=["category", "product"], name="listing_by_category"),
            models.Index(
                fields=["category", "price_from", "product"], name="listing_shelf_by_price"
            ),
            models.Index(fields=["category", "title", "product"], name="listing_shelf_by_title"),
            models.Index(fields=["price_from", "product"], name="listing_by_price"),
            models.Index(fields=["title", "product"], name="listing_by_title"),
            models.Index(
                fields=["price_from", "product"], name="listing_of_sales", condition=Q(on_sale=True)
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Word(models.Model):
    """A word of some product: what an unfinished or misspelt one may become."""

    text = models.CharField(max_length=40, unique=True)

    class Meta:
        ordering = ["text"]

    def __str__(self) -> str:
        return self.text
