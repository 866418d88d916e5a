"""Reviews, and who may write one."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from apps.products.models import BoughtArticle, BoughtOrder, Review, Variant

Approved = Q(status=Review.Status.APPROVED)


def approved_reviews(product_id: UUID) -> QuerySet[Review]:
    """What is shown, the newest first."""
    return Review.objects.filter(Approved, product_id=product_id).order_by("-id")


def newest_and_own(
    product_id: UUID, *, customer_id: UUID, count: int
) -> tuple[list[Review], Review | None]:
    """The newest `count` approved reviews, and what the customer wrote, whatever became of it;
    one query."""
    own = Q(customer_id=customer_id)
    rows = Review.objects.filter(Approved | own, product_id=product_id)
    found: Sequence[Review] = list(rows.annotate(own=own).order_by("-own", "-id")[: count + 1])
    mine = next((review for review in found if review.customer_id == customer_id), None)
    shown = [review for review in found if review.status == Review.Status.APPROVED]
    return sorted(shown, key=lambda review: review.pk, reverse=True)[:count], mine


def has_bought(*, customer_id: UUID, product_id: UUID) -> bool:
    """Whether an order of the customer with an article of the product stands."""
    articles = Variant.objects.filter(product_id=product_id)
    return _purchases(customer_id).filter(sku__in=articles.values("sku")).exists()


def purchases_of(customer_id: UUID | None) -> Exists | Value:
    """The same as a column of products; False for nobody."""
    if customer_id is None:
        return Value(False)
    articles = Variant.objects.filter(product=OuterRef(OuterRef("pk")))
    return Exists(_purchases(customer_id).filter(sku__in=articles.values("sku")))


def _purchases(customer_id: UUID) -> QuerySet[BoughtArticle]:
    return BoughtArticle.objects.filter(
        order__customer_id=customer_id, order__status=BoughtOrder.Status.CONFIRMED
    )
