"""Keeping what other contexts tell: the timelines, refunds, prices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.orders.models import Order, Price, TimelineEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an event tells of an order."""

    order_id: UUID
    event_id: UUID
    at: datetime  # when it happened
    data: Mapping[str, Any] = field(default_factory=dict)  # what the words need


@transaction.atomic
def record_steps(kind: str, steps: Sequence[Told]) -> None:
    """Add steps to the timelines of their orders, each event's once; those of orders that are not
    here are left out."""
    here = Order.objects.filter(pk__in={step.order_id for step in steps}).order_by()
    known = set(here.values_list("pk", flat=True))
    entries = [
        TimelineEntry(
            order_id=step.order_id,
            event_id=step.event_id,
            kind=kind,
            data=dict(step.data),
            at=step.at,
        )
        for step in steps
        if step.order_id in known
    ]
    TimelineEntry.objects.bulk_create(entries, ignore_conflicts=True)


@transaction.atomic
def record_refund(refund: Told, *, total: Decimal) -> None:
    """Note the money that went back, and that all in all it is `total`; the highest stands, in
    whatever order they come."""
    less = Order.objects.filter(pk=refund.order_id, refunded__lt=total)
    less.update(refunded=total)
    record_steps(TimelineEntry.Kind.REFUNDED, [refund])


@transaction.atomic
def learn_price(*, sku: str, price: Decimal, version: int, active: bool) -> None:
    """Keep the article's price if it is newer than what is known."""
    new = {"price": price, "version": version, "active": active}
    if not Price.objects.filter(sku=sku, version__lt=version).update(**new):
        Price.objects.get_or_create(sku=sku, defaults=new)
