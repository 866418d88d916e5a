"""Reviews: who may write one, what staff decide, and the count on the product."""

import re
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.products import operations
from apps.products.models import BoughtOrder, Decision, Product, Review
from apps.products.tests.factories import ReviewFactory, VariantFactory, buy

pytestmark = pytest.mark.django_db
Status = Review.Status
WORDS = {"author": "Ann", "rating": 4, "title": "Good", "text": "It holds tea."}


@pytest.fixture
def mug():
    return VariantFactory(sku="MUG").product


@pytest.fixture
def ann():
    return uuid7()


def write(product, customer, **changes):
    return operations.write_review(customer_id=customer, product_id=product.pk, **(WORDS | changes))


def rated():
    return Product.objects.values_list("rating_count", "rating_sum").get()


def now():
    return timezone.now().isoformat()


def decided():
    return list(Decision.objects.values_list("status", "by", "reason", "version"))


def test_a_buyers_review_waits_for_staff(mug, ann):
    buy(mug, customer=ann)
    written = write(mug, ann)
    assert written.created
    assert (written.review.status, rated()) == (Status.PENDING, (0, 0))


@pytest.mark.parametrize("status", [BoughtOrder.Status.PLACED, BoughtOrder.Status.CANCELLED])
def test_who_has_no_confirmed_order_writes_nothing(mug, ann, status):
    buy(mug, customer=ann, status=status)
    buy(mug, customer=uuid4())
    buy(VariantFactory().product, customer=ann)
    with pytest.raises(operations.NotBought):
        write(mug, ann)
    assert not Review.objects.exists()


@pytest.mark.parametrize(
    "words", [{"rating": 0}, {"rating": 6}, {"title": ""}, {"text": ""}, {"title": "x" * 121}]
)
def test_words_and_stars_that_cannot_be_are_refused(mug, ann, words):
    buy(mug, customer=ann)
    with pytest.raises(ValidationError):
        write(mug, ann, **words)
    assert not Review.objects.exists()


def test_the_database_refuses_stars_that_cannot_be_and_a_second_review(mug, ann):
    ReviewFactory(product=mug, customer_id=ann)
    for changes in ({"rating": 0}, {"rating": 6}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Review.objects.update(**changes)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewFactory(product=mug, customer_id=ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.update(rating_count=1, rating_sum=6)


def test_an_approved_review_counts_and_a_rejected_one_no_longer(mug):
    one, other = ReviewFactory(product=mug, rating=5), ReviewFactory(product=mug, rating=2)
    assert operations.approve_review(review=one.pk, by="user:7")
    assert operations.approve_review(review=other.pk, by="user:7", reason="Harsh but fair.")
    assert rated() == (2, 7)
    assert Product.objects.get().rating == Decimal("3.5")
    assert operations.reject_review(review=one.pk, by="user:8", reason="An advertisement.")
    assert rated() == (1, 2)
    assert decided() == [
        ("approved", "user:7", "", 1),
        ("approved", "user:7", "Harsh but fair.", 1),
        ("rejected", "user:8", "An advertisement.", 1),
    ]


def test_deciding_the_same_again_changes_nothing(mug):
    review = ReviewFactory(product=mug, status=Status.APPROVED)
    assert not operations.approve_review(review=review.pk, by="user:7")
    operations.reject_review(review=review.pk, by="user:7", reason="")
    assert not operations.reject_review(review=review.pk, by="user:7", reason="")
    assert rated() == (0, 0)
    assert len(decided()) == 2
    assert operations.approve_review(review=review.pk, by="user:7")
    assert rated() == (1, 4)


def test_no_review_is_decided_that_there_is_not():
    assert not operations.approve_review(review=uuid4(), by="user:7")
    assert not operations.reject_review(review=uuid4(), by="user:7", reason="")


def test_a_review_written_anew_waits_again_and_does_not_count(mug, ann):
    review = ReviewFactory(product=mug, customer_id=ann, status=Status.APPROVED)
    written = write(mug, ann, rating=1, text="It broke.")
    assert not written.created
    assert written.review.pk == review.pk
    review.refresh_from_db()
    assert (review.status, review.rating, review.version) == (Status.PENDING, 1, 2)
    assert rated() == (0, 0)
    assert decided()[-1] == ("pending", "author", "Written anew.", 2)
    operations.approve_review(review=review.pk, by="user:7")
    assert rated() == (1, 1)


def test_the_same_words_again_change_nothing(mug, ann):
    buy(mug, customer=ann)
    review = write(mug, ann).review
    operations.approve_review(review=review.pk, by="user:7")
    assert not write(mug, ann).created
    review.refresh_from_db()
    assert (review.status, review.version) == (Status.APPROVED, 1)
    assert rated() == (1, 4)


def test_a_decision_is_about_the_words_that_were_read(mug, ann):
    review = ReviewFactory(product=mug, customer_id=ann)
    write(mug, ann, text="Buy at evil.example!")
    assert not operations.approve_review(review=review.pk, by="user:7", version=1)
    assert not operations.reject_review(review=review.pk, by="user:7", reason="", version=1)
    review.refresh_from_db()
    assert review.status == Status.PENDING
    assert operations.approve_review(review=review.pk, by="user:7", version=2)


def test_a_review_without_a_purchase_is_not_approved(mug, ann):
    review = ReviewFactory(product=mug, customer_id=ann)
    BoughtOrder.objects.update(status=BoughtOrder.Status.CANCELLED)
    assert not operations.approve_review(review=review.pk, by="user:7")
    assert rated() == (0, 0)


def test_a_blanked_author_is_a_customer():
    assert Review(author="").signature == "A customer"
    assert Review(author="Ann").signature == "Ann"


# Staff's pages ----------------------------------------------------------------------------------
ADMIN = "/admin/products/review/"


def test_staff_decide_about_several_with_a_reason(admin_client, mug):
    reviews = [ReviewFactory(product=mug, rating=3) for _ in range(3)]
    chosen = [review.pk for review in reviews]
    form = {"action": "approve", "_selected_action": chosen, "read_at": now()}
    page = admin_client.post(ADMIN, form, follow=True).content.decode()
    assert "3 of 3 approved." in page
    assert rated() == (3, 9)
    form |= {"action": "reject", "_selected_action": chosen[:1], "reason": "Spam."}
    admin_client.post(ADMIN, form)
    assert rated() == (2, 6)
    status, by, reason, _ = decided()[-1]
    assert (status, reason) == ("rejected", "Spam.")
    assert by.startswith("user:")


@pytest.mark.parametrize("read_at", ["", "x", "2026-02-31T00:00Z", "2026-01-01T00:00", None])
def test_words_that_were_not_on_the_list_are_not_decided_about(admin_client, mug, ann, read_at):
    review = ReviewFactory(product=mug, customer_id=ann)
    page = admin_client.get(ADMIN).content.decode()
    seen = re.search(r'name="read_at" value="([^"]+)"', page)[1] if read_at is None else read_at
    write(mug, ann, text="Other words.")
    form = {"action": "approve", "_selected_action": [review.pk], "read_at": seen}
    page = admin_client.post(ADMIN, form, follow=True).content.decode()
    assert ("0 of 1 approved." if seen else "No action selected.") in page
    assert rated() == (0, 0)


def test_staff_decide_about_the_words_on_their_page(admin_client, mug, ann):
    review = ReviewFactory(product=mug, customer_id=ann)
    address = f"{ADMIN}{review.pk}/change/"
    assert 'name="seen" value="1"' in admin_client.get(address).content.decode()
    form = {"decision": "approve", "reason": "", "seen": 1}
    form |= {"decisions-TOTAL_FORMS": 0, "decisions-INITIAL_FORMS": 0}
    write(mug, ann, text="Other words.")
    page = admin_client.post(address, form, follow=True).content.decode()
    assert "Nothing was decided" in page
    assert rated() == (0, 0)
    admin_client.post(address, form | {"seen": 2})
    assert rated() == (1, 4)
    admin_client.post(address, form | {"decision": "", "seen": 2})
    assert [status for status, *_ in decided()] == ["pending", "approved"]


def test_the_words_are_not_edited_by_staff(admin_client, mug):
    review = ReviewFactory(product=mug)
    form = {"decision": "", "reason": "", "seen": 1, "text": "Wonderful", "rating": 5}
    form |= {"decisions-TOTAL_FORMS": 0, "decisions-INITIAL_FORMS": 0}
    admin_client.post(f"{ADMIN}{review.pk}/change/", form)
    review.refresh_from_db()
    assert (review.text, review.rating) == ("It does what it should.", 4)
    assert admin_client.get(f"{ADMIN}add/").status_code == 403
    assert admin_client.get(f"{ADMIN}{review.pk}/delete/").status_code == 403
