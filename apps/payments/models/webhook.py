"""What the gateway has told by itself."""

from django.db import models


class ReceivedWebhook(models.Model):
    """One message of the gateway, by its own id: however often it comes, it counts once."""

    class Result(models.TextChoices):
        RECORDED = "recorded", "it changed something"
        IGNORED = "ignored", "known already, or older than what is known"
        UNKNOWN = "unknown", "about nothing of ours"

    event_id = models.CharField(max_length=64, primary_key=True)  # the gateway's
    kind = models.CharField(max_length=20)  # "charge" or "refund"
    key = models.CharField(max_length=64, db_index=True)  # of the charge or refund
    version = models.PositiveIntegerField()
    status = models.CharField(max_length=20)  # as the gateway says it
    result = models.CharField(max_length=16, choices=Result)
    deliveries = models.PositiveIntegerField(default=1)
    received_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.status}"
