"""Who wants to be told when an article can be bought again."""

from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7


class WaitingShopper(models.Model):
    """Somebody waits for a sold-out article. The row goes when they are told, or leave."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=40)
    email = models.EmailField(max_length=254)  # in lower case
    subject = models.CharField(max_length=64, db_index=True)  # whose it is; see `subject_of`
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["sku", "id"]
        constraints = [
            models.UniqueConstraint(fields=["sku", "email"], name="waiting_once_an_article")
        ]

    def __str__(self) -> str:
        return f"somebody for {self.sku}"
