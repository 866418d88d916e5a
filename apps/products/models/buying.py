"""Who has bought what, as orders told: only they may review it."""

from django.db import models


class BoughtOrder(models.Model):
    """What is known of an order. Its status only rises."""

    class Status(models.TextChoices):
        PLACED = "placed"
        CONFIRMED = "confirmed"
        CANCELLED = "cancelled"

    order_id = models.UUIDField(primary_key=True)
    customer_id = models.UUIDField(null=True)  # null: a guest's, or not told yet
    status = models.CharField(max_length=9, choices=Status, default=Status.PLACED)

    class Meta:
        indexes = [models.Index(fields=["customer_id"], name="bought_order_by_customer")]

    def __str__(self) -> str:
        return f"{self.order_id} ({self.status})"


class BoughtArticle(models.Model):
    order = models.ForeignKey(BoughtOrder, models.CASCADE, related_name="articles")
    sku = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "sku"], name="bought_article_once_an_order")
        ]

    def __str__(self) -> str:
        return self.sku
