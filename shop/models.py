"""What the composition root itself remembers."""

from django.db import models


class InvariantCheck(models.Model):
    """What the last whole check found of one invariant; every process tells the same of it."""

    invariant = models.CharField(max_length=4, primary_key=True)  # "I3"
    violations = models.PositiveIntegerField()
    whole = models.BooleanField()  # False: a part needs a context that is not here
    checked_at = models.DateTimeField()  # database time

    class Meta:
        ordering = ["invariant"]

    def __str__(self) -> str:
        return f"{self.invariant}: {self.violations}"


class UnfinishedPast(models.Model):
    """There while the demonstration's past is made; one that stays says that it was interrupted."""

    begun_at = models.DateTimeField()

    class Meta:
        ordering = ["begun_at"]

    def __str__(self) -> str:
        return f"begun at {self.begun_at:%Y-%m-%d %H:%M}"
