"""Pictures: whose they are, in which order, and what they say."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.products import operations, pictures, queries
from apps.products.models import Picture, Product, Variant
from apps.products.tests.factories import PictureFactory, ProductFactory, VariantFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug():
    return VariantFactory(product__slug="mug", sku="MUG", picture="")


def told():
    return [
        (fact["picture"].split("/")[-1], fact["picture_alt"])
        for fact in published("products.changed")
    ]


def save(recipe, alt="A mug", **place):
    return operations.save_picture(product="mug", recipe=recipe, alt=alt, **place)


def test_a_variant_shows_its_own_pictures_first(mug):
    save("mug-red", position=0)
    save("mug-blue", sku="MUG", position=1)
    save("mug-blue-close", sku="MUG", position=0)
    product = queries.in_detail(Product.objects.get().slug)
    shown = [picture.recipe for picture in queries.gallery(product, product.on_offer[0])]
    assert shown == ["mug-blue-close", "mug-blue", "mug-red"]
    assert queries.gallery(product)[0].recipe == "mug-red"


def test_a_drawing_that_several_have_is_shown_once(mug):
    save("mug-blue", "Of the variant", sku="MUG")
    save("mug-oak", "Another", position=1)
    save("mug-blue", "Of the product")
    product = queries.in_detail(Product.objects.get().slug)
    shown = [picture.alt for picture in queries.gallery(product, product.on_offer[0])]
    assert shown == ["Of the variant", "Another"]
    assert [picture.alt for picture in queries.gallery(product)] == ["Of the product", "Another"]


def test_the_first_picture_is_told_and_only_when_it_is_another(mug):
    save("mug-red", "A red mug")
    save("mug-oak", "An oak mug", position=1)
    save("mug-blue", "A blue mug", sku="MUG", position=5)
    save("mug-blue", "A very blue mug", sku="MUG", position=5)
    save("mug-blue", "A very blue mug", sku="MUG", position=5)
    assert told() == [
        ("mug-red.svg", "A red mug"),
        ("mug-blue.svg", "A blue mug"),
        ("mug-blue.svg", "A very blue mug"),
    ]


def test_a_picture_taken_away_leaves_the_next(mug):
    red, blue = save("mug-red", "Red"), save("mug-blue", "Blue", sku="MUG")
    assert operations.remove_picture(picture=blue.pk)
    assert not operations.remove_picture(picture=blue.pk)
    operations.remove_picture(picture=red.pk)
    assert told()[2:] == [
        ("mug-red.svg", "Red"),
        (f"{pictures.NONE_YET}.svg", pictures.NONE_YET_ALT),
    ]


@pytest.mark.parametrize("alt", ["", "   ", "\t\n", "x" * 201])
def test_a_picture_says_what_it_shows(mug, alt):
    with pytest.raises(ValidationError):
        save("mug-blue", alt)
    assert not Picture.objects.exists()
    assert told() == []


@pytest.mark.parametrize("alt", ["", "   "])
def test_the_database_refuses_a_picture_without_words(mug, alt):
    with pytest.raises(IntegrityError), transaction.atomic():
        PictureFactory(product=mug.product, alt=alt)


def test_the_database_refuses_a_picture_twice(mug):
    for owner in ({}, {"variant": mug}):
        PictureFactory(product=mug.product, **owner)
        with pytest.raises(IntegrityError), transaction.atomic():
            PictureFactory(product=mug.product, **owner)


def test_there_is_a_drawing_and_a_variant_of_that_product(mug):
    with pytest.raises(ValidationError):
        save("elephant-blue")
    VariantFactory(sku="CUP")
    with pytest.raises(ValidationError):
        save("mug-blue", sku="CUP")
    assert not Picture.objects.filter(product=mug.product).exists()


def test_a_picture_of_another_product_is_none_of_this(mug):
    PictureFactory(product=ProductFactory(), recipe="mug-oak")
    save("mug-red")
    assert told() == [("mug-red.svg", "A mug")]


def test_saving_a_variant_puts_its_picture_first(mug):
    def draw(recipe):
        operations.save_variant(sku="MUG", product="mug", price=Decimal(10), picture=recipe)

    save("mug-blue", sku="MUG")
    save("mug-blue-close", sku="MUG", position=1)
    draw("mug-blue")
    draw("mug-red")
    draw("mug-blue-close")
    own = Variant.objects.get().pictures.values_list("recipe", flat=True)
    assert list(own) == ["mug-blue-close", "mug-red"]
    assert [recipe for recipe, _ in told()] == ["mug-blue.svg"] * 2 + [
        "mug-red.svg",
        "mug-blue-close.svg",
    ]


def test_without_any_picture_a_stand_in_is_told(mug):
    operations.change_price(sku="MUG", price=Decimal(12))
    assert told() == [(f"{pictures.NONE_YET}.svg", pictures.NONE_YET_ALT)]


def test_every_recipe_comes_in_three_views():
    assert len(pictures.recipes()) == 3 * len(pictures.names())
    assert all(pictures.exists(recipe) for recipe in pictures.recipes())
    assert max(map(len, pictures.recipes())) <= 40
