"""Who has bought what: heard from orders, in any order."""

from itertools import permutations
from uuid import uuid4

import pytest
from uuid_utils.compat import uuid7

from apps.products import operations, queries
from apps.products.models import BoughtArticle, BoughtOrder, Decision, Product, Review
from apps.products.tests.factories import (
    ReviewFactory,
    VariantFactory,
    buy,
    order_cancelled,
    order_confirmed,
    order_created,
)
from eventbus.testing import drain, redeliver

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug():
    return VariantFactory(sku="MUG").product


def may_review(product, customer):
    return queries.has_bought(customer_id=customer, product_id=product.pk)


def test_a_confirmed_order_is_a_purchase(mug):
    ann, order = uuid7(), uuid4()
    order_created(order, customer=ann, skus=["MUG", "CUP"])
    drain()
    assert not may_review(mug, ann)
    order_confirmed(order)
    drain()
    assert may_review(mug, ann)
    assert not may_review(mug, uuid7())
    assert not may_review(VariantFactory().product, ann)


def test_a_second_delivery_changes_nothing(mug):
    ann, order = uuid7(), uuid4()
    order_created(order, customer=ann, skus=["MUG"])
    order_confirmed(order)
    drain()
    for name in ("orders.created", "orders.confirmed"):
        redeliver(name, key=order, subscriber="products")
    assert may_review(mug, ann)
    assert BoughtArticle.objects.count() == 1
    order_cancelled(order)
    drain()
    for name in ("orders.cancelled", "orders.confirmed", "orders.created"):
        redeliver(name, key=order, subscriber="products")
    assert not may_review(mug, ann)


@pytest.mark.parametrize("turns", [*permutations(["created", "confirmed", "cancelled"])])
def test_in_whatever_order_a_cancelled_order_is_no_purchase(mug, turns):
    ann, order = uuid7(), uuid4()
    for turn in turns:
        if turn == "created":
            order_created(order, customer=ann, skus=["MUG"])
        else:
            {"confirmed": order_confirmed, "cancelled": order_cancelled}[turn](order)
        drain()
    assert not may_review(mug, ann)


def test_confirmed_before_it_was_heard_of(mug):
    ann, order = uuid7(), uuid4()
    order_confirmed(order)
    drain()
    order_created(order, customer=ann, skus=["MUG"])
    drain()
    assert may_review(mug, ann)


def test_a_guests_order_tells_of_nobody(mug):
    order = uuid4()
    order_created(order, customer=None, skus=["MUG"])
    order_confirmed(order)
    order_cancelled(order)
    drain()
    assert not BoughtArticle.objects.exists()
    assert set(BoughtOrder.objects.values_list("customer_id", flat=True)) <= {None}


def test_a_cancelled_order_takes_its_review_back(mug):
    ann = uuid7()
    review = ReviewFactory(product=mug, customer_id=ann, status=Review.Status.APPROVED)
    other = ReviewFactory(product=mug, status=Review.Status.APPROVED)
    order_cancelled(BoughtOrder.objects.get(customer_id=ann).order_id)
    drain()
    review.refresh_from_db()
    other.refresh_from_db()
    assert (review.status, other.status) == (Review.Status.REJECTED, Review.Status.APPROVED)
    assert Product.objects.get().rating_count == 1
    last = Decision.objects.last()
    assert (last.review, last.by, last.reason) == (review, "orders", "The order was cancelled.")
    with pytest.raises(operations.NotBought):
        operations.write_review(
            customer_id=ann, product_id=mug.pk, author="", rating=1, title="Bad", text="Bad."
        )


def test_a_review_stays_while_another_order_stands(mug):
    ann = uuid7()
    review = ReviewFactory(product=mug, customer_id=ann, status=Review.Status.APPROVED)
    order = buy(mug, customer=ann)
    order_cancelled(order.order_id)
    drain()
    review.refresh_from_db()
    assert review.status == Review.Status.APPROVED
    assert may_review(mug, ann)
