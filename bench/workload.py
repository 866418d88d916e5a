"""The workload: orders, an event of each, and three subscribers that each add one to a row.

One "event handled" is all three rows updated, so the sum of `n` is three times the events.
"""

import random
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone

from eventbus import Envelope, event, payload, publish, subscribe

SUBSCRIBERS = 3
ROWS = 10_000  # of each table of effects, and as many keys
HOT_ROWS = 10  # that all events share in the measurement of shared rows
EVENT = "bench.happened"


@payload
class Item:
    sku: str
    qty: int


@event("bench.happened", version=1, private=True)
class Happened:
    """An order was placed."""

    order_id: int  # the key, and the row that the handlers update
    customer: int  # the row that they update in the measurement of shared rows
    items: tuple[Item, ...]
    total: int


@payload
class View:
    """What the subscribers read."""

    order_id: int
    customer: int


class Order(models.Model):
    customer = models.IntegerField()
    total = models.IntegerField()
    status = models.TextField()
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager["Order"]] = models.Manager()  # in no installed app

    class Meta:
        app_label = "bench"
        managed = False
        db_table = "orders"

    def __str__(self) -> str:
        return f"order {self.pk}"


class Effect(models.Model):
    id = models.IntegerField(primary_key=True)
    n = models.BigIntegerField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.pk}: {self.n}"


def effect_model(number: int) -> Any:
    """The model of one subscriber's table."""
    meta = type("Meta", (), {"app_label": "bench", "managed": False, "db_table": f"eff{number}"})
    return type(f"Effect{number}", (Effect,), {"__module__": __name__, "Meta": meta})


EFFECTS = [effect_model(number) for number in range(SUBSCRIBERS)]


def place_order(*, with_event: bool) -> None:
    """The business transaction: an order and, if wanted, its event."""
    key = random.randrange(ROWS)
    with transaction.atomic():
        Order.objects.create(customer=5, total=100, status="PENDING", created_at=timezone.now())
        if with_event:
            publish(an_event(key), key=key)


def an_event(key: int, customer: int = 5) -> Happened:
    return Happened(order_id=key, customer=customer, items=(Item(sku="A1", qty=1),), total=100)


def register(kind: str) -> None:
    """Let the three subscribers handle events in the way `kind` of HANDLERS."""
    for number in range(SUBSCRIBERS):
        HANDLERS[kind](number)


def _orm(number: int) -> None:
    model = EFFECTS[number]

    @subscribe(EVENT, subscriber=f"s{number}")
    def handle(view: View) -> None:
        model.objects.filter(pk=view.order_id).update(n=F("n") + 1)


def _hot(number: int) -> None:
    model = EFFECTS[number]

    @subscribe(EVENT, subscriber=f"s{number}")
    def handle(view: View) -> None:
        model.objects.filter(pk=view.customer).update(n=F("n") + 1)


def _raw(number: int) -> None:
    sql = f"UPDATE eff{number} SET n = n + 1 WHERE id = %s"

    @subscribe(EVENT, subscriber=f"s{number}")
    def handle(view: View) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, [view.order_id])


def _batch(number: int) -> None:
    @subscribe(EVENT, subscriber=f"s{number}", batch=True)
    def handle(views: Sequence[View]) -> None:
        keys = [view.order_id for view in views]
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(f"UPDATE eff{number} SET n = n + 1 WHERE id = ANY(%s)", [keys])
            else:
                marks = ", ".join(["%s"] * len(keys))
                cursor.execute(f"UPDATE eff{number} SET n = n + 1 WHERE id IN ({marks})", keys)


def _noop(number: int) -> None:
    @subscribe(EVENT, subscriber=f"s{number}")
    def handle(view: View) -> None:
        return


POISON = 25  # of so many keys one fails at every try, where some are to


def timed(number: int, note: Callable[[str], None], *, poison: bool) -> None:
    """The handler of the latency measurement: it notes the event's id after its COMMIT. With
    `poison` the events of some keys always fail."""
    model = EFFECTS[number]

    @subscribe(EVENT, subscriber=f"s{number}")
    def handle(view: View, envelope: Envelope) -> None:
        if poison and view.order_id % POISON == 0:
            raise ValueError("poison")
        model.objects.filter(pk=view.order_id).update(n=F("n") + 1)
        transaction.on_commit(lambda: note(str(envelope.event_id)))


HANDLERS: dict[str, Callable[[int], None]] = {
    "orm": _orm,
    "hot": _hot,
    "raw": _raw,
    "batch": _batch,
    "noop": _noop,
}
