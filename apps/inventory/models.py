"""What is on the shelf, what is held for whom, and why the count is what it is."""

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from uuid_utils.compat import uuid7


def default_threshold() -> int:
    """The shop's usual threshold of low stock, in units."""
    return int(settings.STOCK_LOW_THRESHOLD)


class StockItem(models.Model):
    """One article and its units. Every change of them is made under the row's lock.

    The database itself refuses 0 <= held <= on_hand being broken (the first by the columns' type).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64, unique=True)
    title = models.TextField()  # from products.changed, as are the next two
    active = models.BooleanField(default=True)  # for people; an order placed in time is honoured
    article_version = models.BigIntegerField()  # of the products.changed that is kept
    on_hand = models.PositiveIntegerField(default=0)  # units; always the ledger's sum
    held = models.PositiveIntegerField(default=0)  # units; always the sum of the HELD holds
    low_threshold = models.PositiveIntegerField(default=default_threshold)  # units
    low_notified = models.BooleanField(default=False)  # told since it last was above the threshold
    version = models.BigIntegerField(default=1)  # rises with every change of what is available

    class Meta:
        ordering: ClassVar = ["sku"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(on_hand__gte=F("held")), name="inventory_no_oversell"
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def available(self) -> int:
        """Units that can be sold now, 0 or more."""
        return self.on_hand - self.held


class Hold(models.Model):
    """What became of one order's claim on the stock. One row an order, for ever."""

    class Status(models.TextChoices):
        HELD = "held", "held: kept for the order"
        COMMITTED = "committed", "committed: sold"
        RELEASED = "released", "released: let go before it was sold"
        RESTOCKED = "restocked", "restocked: came back after it was sold"
        REFUSED = "refused", "refused: too little was left"
        VOID = "void", "void: the order had ended before it could hold anything"

    OPEN: ClassVar = (Status.HELD, Status.COMMITTED)  # there is something to give back

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    order_id = models.UUIDField(unique=True)
    status = models.CharField(max_length=9, choices=Status, default=Status.HELD)
    cause = models.CharField(max_length=100, default="orders.created")  # the event of its status
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return f"{self.order_id} ({self.status})"


class HoldLine(models.Model):
    """Units of one article in a hold. Written with the hold and never changed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="lines")
    sku = models.CharField(max_length=64, db_index=True)
    quantity = models.PositiveIntegerField()  # units, 1 or more

    class Meta:
        ordering: ClassVar = ["sku"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hold", "sku"], name="inventory_one_line_a_sku"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="inventory_holds_something"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


class AppendOnly(TypeError):
    """The stock ledger is append-only: correct a wrong row by an adjustment that undoes it."""

    def __init__(self) -> None:
        super().__init__(" ".join((self.__doc__ or "").split()))


class LedgerQuerySet(models.QuerySet["LedgerEntry"]):
    """Reads and inserts; nothing else."""

    def update(self, **fields: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class LedgerEntry(models.Model):
    """Why the units on hand changed. Append-only, which triggers of the database see to as well."""

    class Kind(models.TextChoices):
        RECEIVED = "received", "received: staff added units"
        ADJUSTED = "adjusted", "adjusted: staff took units off"
        SOLD = "sold", "sold to a confirmed order"
        RESTOCKED = "restocked", "restocked from an order that was voided"

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sku = models.CharField(max_length=64, db_index=True)
    delta = models.IntegerField()  # units, not 0
    kind = models.CharField(max_length=9, choices=Kind)
    reason = models.CharField(max_length=200)  # in a person's words, or the event's name
    order_id = models.UUIDField(null=True, db_index=True)  # of SOLD and RESTOCKED alone
    by = models.CharField(max_length=100)  # "user:<id>", or the context that caused it
    at = models.DateTimeField(default=timezone.now)

    objects = LedgerQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "ledger entries"
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(delta=0), name="inventory_ledger_moves_units"),
            models.CheckConstraint(
                condition=Q(kind__in=["sold", "restocked"], order_id__isnull=False)
                | Q(kind__in=["received", "adjusted"], order_id__isnull=True),
                name="inventory_ledger_names_the_order",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["received", "restocked"], delta__gt=0)
                | Q(kind__in=["adjusted", "sold"], delta__lt=0),
                name="inventory_ledger_sign_of_kind",
            ),
            models.UniqueConstraint(
                fields=["order_id", "sku", "kind"],
                condition=Q(order_id__isnull=False),
                name="inventory_ledger_once_an_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delta:+d} {self.sku} ({self.kind})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class AdjustmentKey(models.Model):
    """Under which key a client sent an adjustment, so that it takes effect once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    by = models.CharField(max_length=100)
    sku = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    entry = models.ForeignKey(LedgerEntry, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["by", "sku", "key"], name="inventory_one_adjustment_a_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.by} {self.sku} {self.key}"
