"""The bus's tables. Nothing here knows what the events mean.

On PostgreSQL the migration adds what the ORM has no words for: the log's `xid` column, the
ticks' snapshot and their indexes.
"""

from django.db import models

from eventbus.shards import SHARDS


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
    stop_at = models.BigIntegerField(null=True)  # go no further than this tick (SQLite: id)
    paused = models.BooleanField(default=False)
    careful_until = models.BigIntegerField(null=True)  # events up to here are begun one by one
    suspect = models.BigIntegerField(null=True)  # the one of them that was begun last
    begun = models.PositiveSmallIntegerField(default=0)  # times it was begun and not ended
    moved_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscriber", "lo"], name="eventbus_cursor_range"),
            models.CheckConstraint(
                condition=models.Q(hi__gt=models.F("lo"), hi__lte=SHARDS),
                name="eventbus_cursor_has_shards",
            ),
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
        OWED = "owed", "will be handled in its place by the rebuild that is under way"

    subscriber = models.CharField(max_length=100)
    position = models.BigIntegerField()  # the event's id in the log
    state = models.CharField(max_length=8, choices=State)
    attempts = models.PositiveIntegerField(default=0)  # begun so far
    begun_at = models.DateTimeField(null=True)  # of the attempt that has not ended yet
    deaths = models.PositiveSmallIntegerField(default=0)  # attempts whose process died, in a row
    cuts = models.PositiveSmallIntegerField(
        default=0, db_default=0
    )  # attempts that the database broke off
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


class PausedKey(models.Model):
    """A key that a subscriber leaves alone until an operator resumes it; its events park."""

    subscriber = models.CharField(max_length=100)
    source = models.CharField(max_length=50)
    key = models.CharField(max_length=128)
    paused_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subscriber", "source", "key"], name="eventbus_paused_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subscriber}: {self.source} {self.key}"


class Rebuild(models.Model):
    """A replay under way: where the cursor stood. What it had handled by then has no effect
    outside the subscriber's own tables: it is muted and counted."""

    cursor = models.OneToOneField(Cursor, on_delete=models.CASCADE, primary_key=True)
    tick = models.BigIntegerField(null=True)
    target = models.BigIntegerField(null=True)
    pos = models.BigIntegerField()
    muted = models.JSONField(default=dict)  # how often, by "published NAME" and "called NAME"
    started_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"rebuild of {self.cursor}"


class Intervention(models.Model):
    """What an operator did, and why; never changed. Skips and edits hold for every replay."""

    class Act(models.TextChoices):
        RETRY = "retry"
        SKIP = "skip"
        EDIT = "edit"
        REDELIVER = "redeliver"
        REPLAY = "replay"
        PAUSE = "pause"
        RESUME = "resume"
        SPLIT = "split"
        MERGE = "merge"
        DROP = "drop"
        RENAME = "rename"
        START = "start"
        ERASE = "erase"

    act = models.CharField(max_length=10, choices=Act)
    by = models.CharField(max_length=150)
    reason = models.TextField(default="")
    subscriber = models.CharField(max_length=100, default="")
    source = models.CharField(max_length=50, default="")
    key = models.CharField(max_length=128, default="")
    event_id = models.UUIDField(null=True)
    payload = models.JSONField(null=True)  # of an edit: what the handler reads instead
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["event_id"], name="eventbus_intervention_event")]

    def __str__(self) -> str:
        return f"{self.act} {self.subscriber} by {self.by}"


class Erased(models.Model):
    """A subject whose personal data is blank here, whenever it arrives."""

    subject = models.CharField(max_length=128, unique=True)
    erased_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "erased subjects"

    def __str__(self) -> str:
        return self.subject


class Cluster(models.Model):
    """The database cluster whose transaction ids the log and the ticks hold (PostgreSQL): after
    a restore into another one they mean nothing there."""

    identifier = models.CharField(max_length=40)  # the server's `system_identifier`
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.identifier
