"""Keeping what other contexts tell: the timeline, refunds, prices."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.orders.models import Order, Price, TimelineEntry


@transaction.atomic
def record_step(
    *,
    order_id: UUID,
    event_id: UUID,
    at: datetime,
    kind: str,
    data: Mapping[str, Any] | None = None,
) -> bool:
    """Add a step to the order's timeline, once an event; False for an order that is not here."""
    if not Order.objects.filter(pk=order_id).exists():
        return False
    step = TimelineEntry(
        order_id=order_id, event_id=event_id, kind=kind, data=dict(data or {}), at=at
    )
    TimelineEntry.objects.bulk_create([step], ignore_conflicts=True)
    return True


@transaction.atomic
def record_refund(
    *,
    order_id: UUID,
    amount: Decimal,
    total_refunded: Decimal,
    currency: str,
    event_id: UUID,
    at: datetime,
) -> None:
    """Note the money that went back; the highest total stands, in whatever order they come."""
    less = Order.objects.filter(pk=order_id, refunded__lt=total_refunded)
    less.update(refunded=total_refunded)
    data = {"amount": str(amount), "currency": currency}
    record_step(
        order_id=order_id, event_id=event_id, at=at, kind=TimelineEntry.Kind.REFUNDED, data=data
    )


@transaction.atomic
def learn_price(*, sku: str, price: Decimal, version: int, active: bool) -> None:
    """Keep the article's price if it is newer than what is known."""
    new = {"price": price, "version": version, "active": active}
    if not Price.objects.filter(sku=sku, version__lt=version).update(**new):
        Price.objects.get_or_create(sku=sku, defaults=new)
