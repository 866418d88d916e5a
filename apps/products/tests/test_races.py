"""Many at once: the counts are exact, one of two wins, nothing is told that is not so."""

import random
from decimal import Decimal
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.models import Sum
from uuid_utils.compat import uuid7

from apps.products import operations
from apps.products.models import Availability, Decision, Product, Review, Variant, WaitingShopper
from apps.products.tests.factories import (
    PriceListFactory,
    ProductFactory,
    ReviewFactory,
    VariantFactory,
    buy,
)
from eventbus.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts):
    """Run the functions in threads that start together; what each returned or raised."""
    barrier, results = Barrier(len(acts)), [None] * len(acts)

    def run(index, act):
        barrier.wait()
        try:
            results[index] = act()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=item) for item in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def counted():
    """The product's count, and that of its approved reviews."""
    approved = Review.objects.filter(status=Review.Status.APPROVED)
    sums = approved.aggregate(stars=Sum("rating"))["stars"] or 0
    return Product.objects.values_list("rating_count", "rating_sum").get(), (approved.count(), sums)


def test_a_review_approved_by_many_at_once_counts_once():
    review = ReviewFactory(product=VariantFactory().product)
    results = at_once(*[partial(operations.approve_review, review=review.pk, by="user:1")] * 5)
    assert sorted(results) == [False] * 4 + [True]
    assert counted() == ((1, 4), (1, 4))
    assert Decision.objects.count() == 1


def test_whatever_is_decided_and_rewritten_at_once_the_count_is_exact():
    product = VariantFactory().product
    customers = [uuid7() for _ in range(3)]
    reviews = [ReviewFactory(product=product, customer_id=one) for one in customers]
    draw = random.Random(1)

    def act(index):
        review, customer = reviews[index % 3], customers[index % 3]
        for turn in range(3):
            kind = draw.randrange(3)
            if kind == 0:
                operations.approve_review(review=review.pk, by="user:1")
            elif kind == 1:
                operations.reject_review(review=review.pk, by="user:1", reason="")
            else:
                operations.write_review(
                    customer_id=customer,
                    product_id=product.pk,
                    author="",
                    rating=draw.randint(1, 5),
                    title="Again",
                    text=f"{index} {turn}",
                )

    assert at_once(*[partial(act, index) for index in range(6)]) == [None] * 6
    told, true = counted()
    assert told == true


def test_one_customers_reviews_at_once_are_one():
    product, ann = VariantFactory().product, uuid7()
    buy(product, customer=ann)
    write = partial(
        operations.write_review, customer_id=ann, product_id=product.pk, author="", rating=5
    )
    results = at_once(*[partial(write, title=f"{n}", text=f"{n}") for n in range(4)])
    assert sum(written.created for written in results) == 1
    assert Review.objects.count() == 1
    assert Review.objects.get().status == Review.Status.PENDING


def test_a_cancellation_and_a_review_at_once_leave_none_that_stands():
    product, ann = VariantFactory().product, uuid7()
    order = buy(product, customer=ann)
    write = partial(
        operations.write_review,
        customer_id=ann,
        product_id=product.pk,
        author="",
        rating=5,
        title="Good",
        text="Good.",
    )
    at_once(write, partial(operations.cancel_purchases, [order.order_id]))
    assert not Review.objects.exclude(status=Review.Status.REJECTED).exists()


def test_one_combination_is_made_once():
    product = ProductFactory(slug="mug")
    operations.save_option(product="mug", name="Colour", values=["Blue"])
    save = partial(
        operations.save_variant, product="mug", price=Decimal(5), options={"Colour": "Blue"}
    )
    results = at_once(*[partial(save, sku=f"MUG-{n}") for n in range(4)])
    assert sum(isinstance(result, Variant) for result in results) == 1
    assert product.variants.count() == 1
    assert len(published("products.changed")) == 1


def test_sales_that_begin_and_end_at_once_leave_the_price_of_those_that_run():
    variant = VariantFactory(price=Decimal(10))
    lists = [PriceListFactory(state="planned", name=name) for name in "ABCD"]
    for number, row in enumerate(lists):
        operations.set_sale_price(price_list=row.pk, sku=variant.sku, price=Decimal(5 + number))
    begin = [partial(operations.begin_sale, price_list=row.pk, revision=1) for row in lists]
    end = [partial(operations.end_sale, price_list=row.pk, revision=1) for row in lists[:2]]
    results = at_once(*begin, *end)
    assert not [result for result in results if isinstance(result, Exception)]
    variant.refresh_from_db()
    assert variant.costs == Decimal(7)
    facts = published("products.changed")
    assert facts[-1]["price"] == "7.00"
    versions = [fact["version"] for fact in facts]
    assert versions == sorted(set(versions))
    assert versions[-1] == variant.version


def test_a_product_hidden_and_repriced_at_once_is_told_last_as_it_is():
    variant = VariantFactory(price=Decimal(10))
    at_once(
        partial(operations.deactivate, products=[variant.product_id]),
        partial(operations.change_price, sku=variant.sku, price=Decimal(9)),
    )
    facts = published("products.changed")
    assert [fact["version"] for fact in facts] == [2, 3]
    assert (facts[-1]["active"], facts[-1]["price"]) == (False, "9.00")
    assert not Product.objects.get().listed


def test_who_asks_while_it_comes_back_is_told_or_need_not_wait(mug):
    """Nobody is listed behind the news, and one address is told once."""
    stock = Availability.objects.create(sku="MUG", available=0, version=1)
    ask = partial(operations.wait_for, sku="MUG", email="ada@example.com", subject="ada")
    news = partial(
        operations.record_availability, [Availability(sku="MUG", available=1, version=2)]
    )
    told = 0
    for _ in range(5):
        stock.save()
        results = at_once(ask, news, ask)
        refused = [result for result in results if isinstance(result, operations.NotSoldOut)]
        assert [result for result in results if isinstance(result, Exception)] == refused
        told += len(refused) < 2
        assert len(published("products.back_in_stock")) == told
        assert not WaitingShopper.objects.exists()
