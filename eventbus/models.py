"""The bus's tables. Nothing here knows what the events mean.

On PostgreSQL the migration adds what the ORM has no words for: the log's `xid` column, the
ticks' snapshot and their indexes.
"""

from django.db import models


class Body(models.Model):
    """What an event says. Rows that must outlive the log's retention hold a copy."""

    event_id = models.UUIDField()
    name = models.CharField(max_length=100)
    version = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=50)
    key = models.CharField(max_length=128)
    shard = models.PositiveSmallIntegerField()
    payload = models.JSONField()
    headers = models.JSONField()
    subject = models.CharField(max_length=128, default="")  # whose personal data it carries
    occurred_at = models.DateTimeField()

    class Meta:
        abstract = True


class Event(Body):
    """The log: append-only, never changed; `id` is the order within a batch."""

    event_id = models.UUIDField(unique=True)

    class Meta:
        indexes = [
            models.Index(fields=["key", "id"], name="eventbus_event_key"),
            models.Index(
                fields=["subject"], name="eventbus_event_subject", condition=~models.Q(subject="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"


class Tick(models.Model):
    """A committed snapshot (PostgreSQL): two of them bound the events that became visible between.

    The migration adds `snapshot pg_snapshot`.
    """

    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"tick {self.pk}"


class Cursor(models.Model):
    """How far a subscriber has come in a range of shards. Its row lock is the claim."""

    subscriber = models.CharField(max_length=100)
    lo = models.PositiveSmallIntegerField()
    hi = models.PositiveSmallIntegerField()  # owns shards lo <= shard < hi
    tick = models.BigIntegerField(null=True)  # all that this tick saw is done; null: nothing is
    target = models.BigIntegerField(null=True)  # the tick being worked towards; fixed until done
    pos = models.BigIntegerField(default=0)  # last id done on the way (SQLite: the position)
    paused = models.BooleanField(default=False)
    moved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "lo"], name="eventbus_cursor_range")
        ]

    def __str__(self) -> str:
        return f"{self.subscriber} [{self.lo}, {self.hi})"


class Parked(Body):
    """An exception to the happy path: an event that its subscriber has yet to handle.

    One (subscriber, source, key) is handled in `position` order: its first row that is neither
    done nor skipped is the head, all later ones wait behind it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting behind an earlier event of its key"
        RETRYING = "retrying", "failed, will be tried again"
        TO_CALL = "to call", "an external call is due"
        CALLING = "calling", "an external call was begun"
        DEAD = "dead", "a dead letter: needs a person"

    subscriber = models.CharField(max_length=100)
    position = models.BigIntegerField()  # the event's id in the log
    state = models.CharField(max_length=8, choices=State)
    attempts = models.PositiveIntegerField(default=0)  # begun so far
    next_at = models.DateTimeField()  # not tried before; database time
    error = models.TextField(default="")
    parked_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "parked events"
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "position"], name="eventbus_parked_once")
        ]
        indexes = [
            models.Index(
                fields=["subscriber", "source", "key", "position"], name="eventbus_parked_key"
            ),
            models.Index(
                fields=["next_at"],
                name="eventbus_parked_due",
                condition=models.Q(state__in=["retrying", "to call", "calling"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber}: {self.name} {self.key} ({self.state})"


class Scheduled(Body):
    """An event that takes its place in the log when it is due."""

    due_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "scheduled events"
        constraints = [
            models.UniqueConstraint(fields=["event_id"], name="eventbus_scheduled_event_id")
        ]
        indexes = [models.Index(fields=["name", "key"], name="eventbus_scheduled_key")]

    def __str__(self) -> str:
        return f"{self.name} {self.key} at {self.due_at:%Y-%m-%d %H:%M:%S}"
