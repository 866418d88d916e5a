"""What the shop's first page shows of the catalogue."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser

from apps.products import operations, queries, slots
from apps.products.models import Availability, Review
from apps.products.tests.factories import (
    CategoryFactory,
    ProductFactory,
    ReviewFactory,
    SalePriceFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
SHOWN = Review.Status.APPROVED


def in_category(category, **fields):
    return VariantFactory(product__category=category, **fields).product


def reviewed(stars, **words):
    product = VariantFactory().product
    for rating in stars:
        ReviewFactory(product=product, rating=rating, status=SHOWN, **words)
    return product


def titles(cards):
    return [card.title for card in cards]


def test_departments_are_those_of_the_first_level_with_something_to_see():
    home = CategoryFactory(title="Home")
    kitchen = CategoryFactory(title="Kitchen", parent=home)
    mugs = CategoryFactory(title="Mugs", parent=kitchen)
    CategoryFactory(title="Nothing")
    for recipe in ("mug-blue", "mug-red", "mug-green"):
        in_category(mugs, picture=recipe)
    (only,) = queries.departments(queries.category_tree(), pictures=2)
    assert (only.branch.title, [branch.title for branch in only.below]) == ("Home", ["Kitchen"])
    assert sorted(only.pictures) == ["mug-blue", "mug-red"]
    assert queries.departments({}, pictures=2) == []


def test_the_best_rated_come_first_and_of_equals_what_more_have_rated():
    fair, good, better = reviewed([3]), reviewed([4]), reviewed([5, 3, 4])
    ReviewFactory(product=VariantFactory().product, rating=5)  # nobody has read it yet
    assert titles(queries.best_rated(size=9)) == [better.title, good.title, fair.title]
    assert titles(queries.best_rated(size=1)) == [better.title]


def test_a_card_of_the_best_rated_says_what_it_costs_and_what_is_left():
    product = reviewed([5])
    VariantFactory(product=product, option="Large", price=Decimal("15.00"))
    sku = product.variants.earliest("pk").sku
    Availability.objects.create(sku=sku, available=2, version=1)
    (card,) = queries.best_rated(size=1)
    assert (card.price, card.varied, card.on_sale) == (Decimal("10.00"), True, False)
    assert card.rating == Decimal("5.0")
    assert (card.available, card.picture, card.slug) == (2, "mug-blue", product.slug)


def test_praise_is_kind_short_no_two_alike_once_a_product_and_of_what_is_for_sale():
    reviewed([5], text="New.")
    first, second = reviewed([4], text="Old."), reviewed([4, 5], text="New.")
    reviewed([3])
    reviewed([5], text="x" * 241)
    gone = reviewed([5])
    operations.deactivate(products=[gone.pk])
    said = queries.praise(size=3)
    assert [review.product for review in said] == [second, first]
    assert said[0].rating == 5


def test_the_first_page_costs_six_queries_however_much_there_is(rf, django_assert_num_queries):
    request = rf.get("/")
    request.user = AnonymousUser()
    top = CategoryFactory()
    for _ in range(6):
        ReviewFactory(product=in_category(top), status=SHOWN)
        SalePriceFactory(variant=VariantFactory(product__category=top))
    with django_assert_num_queries(6):
        shown = str(slots.home(request))
    for heading in ("Departments", "Less for now", "New on the shelf", "Liked best", "they say"):
        assert heading in shown
    assert shown.count('class="card"') == 12


def test_an_empty_shop_says_so(rf):
    ProductFactory()
    assert "Nothing is for sale here yet." in slots.home(rf.get("/"))
