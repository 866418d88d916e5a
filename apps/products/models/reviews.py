"""What buyers say of a product, and what staff decided about it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.products.models.catalogue import Product

STARS = [MinValueValidator(1), MaxValueValidator(5)]


class Review(models.Model):
    """One buyer's words about a product; shown once staff have approved them."""

    class Status(models.TextChoices):
        PENDING = "pending", "Pending"
        APPROVED = "approved", "Approved"
        REJECTED = "rejected", "Rejected"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="reviews")
    customer_id = models.UUIDField()
    author = models.CharField(max_length=60, blank=True)  # as shown; blank: "A customer"
    rating = models.PositiveSmallIntegerField(validators=STARS)  # stars, 1 to 5
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=4000)
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    version = models.PositiveIntegerField(default=1)  # of the words; a decision is about one
    written_at = models.DateTimeField(default=timezone.now)  # first
    changed_at = models.DateTimeField(default=timezone.now)  # by its author, last

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["product", "-id"], name="review_shown", condition=Q(status="approved")
            ),
            models.Index(fields=["id"], name="review_waiting", condition=Q(status="pending")),
            models.Index(fields=["customer_id"], name="review_by_customer"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["product", "customer_id"], name="review_one_a_customer"
            ),
            models.CheckConstraint(
                condition=Q(rating__gte=1, rating__lte=5), name="review_one_to_five_stars"
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def signature(self) -> str:
        """Who says it, as it is shown."""
        return self.author or "A customer"


class Decision(models.Model):
    """What became of a review: never changed, never removed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    review = models.ForeignKey(Review, models.PROTECT, related_name="decisions")
    version = models.PositiveIntegerField()  # of the words it is about
    status = models.CharField(max_length=8, choices=Review.Status)
    by = models.CharField(max_length=60)  # "user:<id>", or "orders"
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.status} by {self.by}"
