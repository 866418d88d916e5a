"""Who may review what: those whose order of it was confirmed and not cancelled.

Rows are locked in the order order, review, product; of many orders by id, of reviews by product.
"""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef

from apps.products import queries
from apps.products.models import BoughtArticle, BoughtOrder, Review
from apps.products.operations.reviews import reject_review

Status = BoughtOrder.Status
CANCELLED = "The order was cancelled."


class OrderedLine(Protocol):
    @property
    def sku(self) -> str: ...


class PlacedOrder(Protocol):
    """What somebody ordered."""

    @property
    def order_id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID | None: ...  # None: a guest
    @property
    def lines(self) -> Sequence[OrderedLine]: ...


@transaction.atomic
def note_purchases(orders: Sequence[PlacedOrder]) -> None:
    """Remember what the customers ordered, whatever has become of it; a guest's order tells of
    nobody. No order may come twice in one call."""
    told = sorted((order for order in orders if order.customer_id), key=lambda each: each.order_id)
    BoughtOrder.objects.bulk_create(
        [BoughtOrder(order_id=order.order_id, customer_id=order.customer_id) for order in told],
        update_conflicts=True,  # it has ended already, as far as was heard
        unique_fields=["order_id"],
        update_fields=["customer_id"],
    )
    BoughtArticle.objects.bulk_create(
        [
            BoughtArticle(order_id=order.order_id, sku=line.sku)
            for order in told
            for line in order.lines
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def confirm_purchases(order_ids: Collection[UUID]) -> None:
    """The orders stand: their customers may review their articles. Not of one that was cancelled."""
    confirmed = [BoughtOrder(order_id=pk, status=Status.CONFIRMED) for pk in sorted(order_ids)]
    BoughtOrder.objects.bulk_create(confirmed, ignore_conflicts=True)
    placed = BoughtOrder.objects.filter(pk__in=order_ids, status=Status.PLACED)
    locked = placed.select_for_update().order_by("pk").values_list("pk", flat=True)
    if ids := list(locked):
        BoughtOrder.objects.filter(pk__in=ids).update(status=Status.CONFIRMED)


@transaction.atomic
def cancel_purchases(order_ids: Collection[UUID]) -> None:
    """The orders were voided: their customers may review their articles no longer, unless they
    have them from another order; what they wrote is rejected. No order may come twice in one call."""
    BoughtOrder.objects.bulk_create(
        [BoughtOrder(order_id=order_id, status=Status.CANCELLED) for order_id in sorted(order_ids)],
        update_conflicts=True,
        unique_fields=["order_id"],
        update_fields=["status"],
    )
    theirs = BoughtArticle.objects.filter(
        order__in=order_ids,
        order__customer_id=OuterRef("customer_id"),
        sku=OuterRef("product__variants__sku"),
    )
    customers = BoughtOrder.objects.filter(pk__in=order_ids, customer_id__isnull=False)
    written = Review.objects.filter(
        Exists(theirs), customer_id__in=customers.values("customer_id")
    ).distinct()
    for review in written.order_by("product_id", "customer_id"):
        if not queries.has_bought(customer_id=review.customer_id, product_id=review.product_id):
            reject_review(review=review.pk, by="orders", reason=CANCELLED)
