"""Who may review what: those whose order of it was confirmed and not cancelled.

Rows are locked in the order order, review, product.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from apps.products import queries
from apps.products.models import BoughtArticle, BoughtOrder, Review
from apps.products.operations.reviews import reject_review

Status = BoughtOrder.Status
CANCELLED = "The order was cancelled."


@transaction.atomic
def note_purchase(*, order_id: UUID, customer_id: UUID | None, skus: Collection[str]) -> None:
    """Remember what the customer ordered; a guest's order tells of nobody."""
    if customer_id is None:
        return
    facts = {"customer_id": customer_id}
    _, new = BoughtOrder.objects.get_or_create(order_id=order_id, defaults=facts)
    if not new:  # it has ended already, as far as was heard
        BoughtOrder.objects.filter(pk=order_id).update(**facts)
    BoughtArticle.objects.bulk_create(
        [BoughtArticle(order_id=order_id, sku=sku) for sku in skus], ignore_conflicts=True
    )


@transaction.atomic
def confirm_purchase(*, order_id: UUID) -> None:
    """The order stands: its customer may review its articles. Not one that was cancelled."""
    defaults = {"status": Status.CONFIRMED}
    _, new = BoughtOrder.objects.get_or_create(order_id=order_id, defaults=defaults)
    if not new:
        BoughtOrder.objects.filter(pk=order_id, status=Status.PLACED).update(**defaults)


@transaction.atomic
def cancel_purchase(*, order_id: UUID) -> None:
    """The order was voided: its customer may review its articles no longer, unless they have them
    from another order; what they wrote is rejected."""
    order, _ = BoughtOrder.objects.update_or_create(
        order_id=order_id, defaults={"status": Status.CANCELLED}
    )
    if order.customer_id is None:
        return
    skus = order.articles.values("sku")
    written = Review.objects.filter(
        customer_id=order.customer_id, product__variants__sku__in=skus
    ).distinct()
    for review in written.order_by("product_id"):
        if not queries.has_bought(customer_id=order.customer_id, product_id=review.product_id):
            reject_review(review=review.pk, by="orders", reason=CANCELLED)
