"""Reviews, and who may write one."""

from uuid import UUID

from django.db.models import QuerySet

from apps.products.models import BoughtArticle, BoughtOrder, Review, Variant


def approved_reviews(product_id: UUID) -> QuerySet[Review]:
    """What is shown, the newest first."""
    return Review.objects.filter(product_id=product_id, status=Review.Status.APPROVED).order_by(
        "-id"
    )


def review_of(*, customer_id: UUID, product_id: UUID) -> Review | None:
    """What the customer wrote about the product, whatever became of it."""
    return Review.objects.filter(customer_id=customer_id, product_id=product_id).first()


def has_bought(*, customer_id: UUID, product_id: UUID) -> bool:
    """Whether an order of the customer with an article of the product stands."""
    return BoughtArticle.objects.filter(
        order__customer_id=customer_id,
        order__status=BoughtOrder.Status.CONFIRMED,
        sku__in=Variant.objects.filter(product_id=product_id).values("sku"),
    ).exists()
