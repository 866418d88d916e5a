"""Reviews: written by buyers, decided about by staff, and counted on the product.

Whoever changes a review holds its row's lock, and changes the product's count after it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.products import queries
from apps.products.models import BoughtOrder, Decision, Product, Review

Status = Review.Status


class NotBought(PermissionError):
    """Only customers who have bought the product may review it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A review, and whether this call made it."""

    review: Review
    created: bool


@transaction.atomic
def write_review(
    *,
    customer_id: UUID,
    product_id: UUID,
    author: str,  # as it is shown; empty: "A customer"
    rating: int,  # stars, 1 to 5
    title: str,
    text: str,
) -> Written:
    """Write the customer's review of the product, or write it anew; it is shown when staff have
    approved it. The same words again change nothing.

    Raises NotBought, and ValidationError for words or stars that cannot be; then nothing has
    changed.
    """
    # Held, so that a cancellation comes before this or finds the review.
    list(BoughtOrder.objects.select_for_update().filter(customer_id=customer_id).order_by("pk"))
    if not queries.has_bought(customer_id=customer_id, product_id=product_id):
        raise NotBought
    words = {"author": author, "rating": rating, "title": title, "text": text}
    new = Review(customer_id=customer_id, product_id=product_id, **words)
    new.full_clean(validate_unique=False, validate_constraints=False)
    Review.objects.bulk_create([new], ignore_conflicts=True)
    mine = Review.objects.filter(customer_id=customer_id, product_id=product_id)
    review = mine.select_for_update().get()
    if review.pk != new.pk:
        _rewrite(review, words)
    return Written(review=review, created=review.pk == new.pk)


@transaction.atomic
def approve_review(*, review: UUID, by: str, reason: str = "", version: int | None = None) -> bool:
    """Show the review and count its stars; False when it is shown already, was written anew since
    `version` (None: whatever it says now), or its author did not buy the product after all."""
    row = _locked(review, version)
    if row is None or row.status == Status.APPROVED:
        return False
    if not queries.has_bought(customer_id=row.customer_id, product_id=row.product_id):
        return False
    _decide(row, Status.APPROVED, by=by, reason=reason)
    _count(row, +1)
    return True


@transaction.atomic
def reject_review(*, review: UUID, by: str, reason: str, version: int | None = None) -> bool:
    """Show the review no longer, or never; False when it is rejected already or was written anew
    since `version` (None: whatever it says now)."""
    row = _locked(review, version)
    if row is None or row.status == Status.REJECTED:
        return False
    shown = row.status == Status.APPROVED
    _decide(row, Status.REJECTED, by=by, reason=reason)
    if shown:
        _count(row, -1)
    return True


def _locked(review: UUID, version: int | None) -> Review | None:
    rows = Review.objects.select_for_update().filter(pk=review)
    return (rows if version is None else rows.filter(version=version)).first()


def _rewrite(review: Review, words: dict[str, Any]) -> None:
    if all(getattr(review, name) == value for name, value in words.items()):
        return
    if review.status == Status.APPROVED:
        _count(review, -1)
    for name, value in words.items():
        setattr(review, name, value)
    review.version += 1
    review.changed_at = timezone.now()
    _decide(review, Status.PENDING, by="author", reason="Written anew.")


def _decide(review: Review, status: Status, *, by: str, reason: str) -> None:
    review.status = status
    review.save()
    Decision.objects.create(
        review=review, version=review.version, status=status, by=by, reason=reason
    )


def _count(review: Review, sign: int) -> None:
    """Add (+1) or take away (-1) the review's stars; one statement, so none gets lost."""
    Product.objects.filter(pk=review.product_id).update(
        rating_count=F("rating_count") + sign, rating_sum=F("rating_sum") + sign * review.rating
    )
