"""Axes, values and combinations."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.products import operations, queries
from apps.products.models import Availability, Option, OptionValue, Variant, VariantValue
from apps.products.tests.factories import ProductFactory, VariantFactory, a_value
from eventbus.testing import published

pytestmark = pytest.mark.django_db


@pytest.fixture
def shirt():
    """Of two axes, without a variant yet."""
    product = ProductFactory(slug="shirt", title="Shirt")
    operations.save_option(product="shirt", name="Size", values=["S", "M"], position=1)
    operations.save_option(product="shirt", name="Colour", values=["Blue", "Red"], position=0)
    return product


def save(sku, **options):
    return operations.save_variant(
        sku=sku, product="shirt", price=Decimal(9), picture="hat-blue", options=options
    )


def told(*fields):
    return [tuple(fact[field] for field in fields) for fact in published("products.changed")]


def offered(product, sku):
    """The choices at the variant: (axis, value, where it leads)."""
    shown = queries.in_detail(product.slug)
    variant = queries.first_to_show(shown.on_offer, sku)
    return [
        (axis.name, choice.name, choice.sku)
        for axis in queries.axes(shown.on_offer, variant)
        for choice in axis.choices
    ]


def test_a_variant_is_titled_by_its_values_in_the_order_of_the_axes(shirt):
    save("SHI-1", Size="M", Colour="Blue")
    assert told("title") == [("Shirt, Blue / M",)]


def test_a_combination_is_sold_once(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    with pytest.raises(ValidationError, match="Another variant"):
        save("SHI-2", Size="M", Colour="Blue")
    assert Variant.objects.get().sku == "SHI-1"
    assert len(told("sku")) == 1


def test_the_database_refuses_a_combination_twice(shirt):
    one = save("SHI-1", Colour="Blue", Size="M")
    other = save("SHI-2", Colour="Red", Size="M")
    with pytest.raises(IntegrityError), transaction.atomic():
        Variant.objects.filter(pk=other.pk).update(combination=one.combination)
    value = OptionValue.objects.get(name="Red")
    with pytest.raises(IntegrityError), transaction.atomic():
        VariantValue.objects.create(variant=one, option=value.option, value=value)


def test_without_options_there_is_one_variant():
    variant = VariantFactory()
    with pytest.raises(ValidationError):
        operations.save_variant(sku="SECOND", product=variant.product.slug, price=Decimal(1))
    assert Variant.objects.count() == 1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"Colour": "Blue"},
        {"Colour": "Blue", "Size": "XL"},
        {"Colour": "Blue", "Size": "M", "Cut": "Wide"},
        {"Colour": "M", "Size": "Blue"},
    ],
)
def test_a_variant_has_one_value_of_each_axis(shirt, options):
    with pytest.raises(ValidationError):
        save("SHI-1", **options)
    assert not Variant.objects.exists()
    assert told("sku") == []


def test_a_variant_becomes_another_combination(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    save("SHI-1", Colour="Red", Size="M")
    assert told("title", "version") == [("Shirt, Blue / M", 1), ("Shirt, Red / M", 2)]
    assert VariantValue.objects.count() == 2


def test_a_sku_stays_with_its_product(shirt):
    VariantFactory(sku="MUG")
    with pytest.raises(ValidationError, match="another product"):
        save("MUG", Colour="Blue", Size="M")
    assert told("sku") == []


def test_variants_take_the_first_value_of_a_new_axis(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    save("SHI-2", Colour="Red", Size="M")
    operations.save_option(product="shirt", name="Cut", values=["Slim", "Wide"], position=2)
    titles = [("SHI-1", "Shirt, Blue / M / Slim"), ("SHI-2", "Shirt, Red / M / Slim")]
    assert told("sku", "title")[2:] == titles
    save("SHI-3", Colour="Red", Size="M", Cut="Wide")


def test_a_fourth_axis_is_refused(shirt):
    operations.save_option(product="shirt", name="Cut", values=["Slim"])
    with pytest.raises(ValidationError):
        operations.save_option(product="shirt", name="Fabric", values=["Wool"])
    assert Option.objects.count() == 3


@pytest.mark.parametrize("values", [[], ["S", "S"], ["S", " "], ["S / M"], ["x" * 41]])
def test_values_that_cannot_be_are_refused(shirt, values):
    with pytest.raises(ValidationError):
        operations.save_option(product="shirt", name="Cut", values=values)
    assert not Option.objects.filter(name="Cut").exists()


def test_a_value_that_a_variant_has_is_not_dropped_and_others_are(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    with pytest.raises(ValidationError, match="There are variants that are Blue"):
        operations.save_option(product="shirt", name="Colour", values=["Red", "Green"])
    operations.save_option(product="shirt", name="Colour", values=["Green", "Blue"])
    names = OptionValue.objects.filter(option__name="Colour").values_list("name", flat=True)
    assert list(names) == ["Green", "Blue"]
    assert len(told("sku")) == 1


def test_axes_in_another_order_are_told(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    operations.save_option(product="shirt", name="Colour", values=["Blue", "Red"], position=2)
    operations.save_option(product="shirt", name="Colour", values=["Blue", "Red"], position=2)
    assert told("title") == [("Shirt, Blue / M",), ("Shirt, M / Blue",)]


def test_an_axis_goes_when_the_variants_differ_without_it(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    save("SHI-2", Colour="Red", Size="S")
    assert operations.remove_option(product="shirt", name="Size")
    assert not operations.remove_option(product="shirt", name="Size")
    assert told("title")[2:] == [("Shirt, Blue",), ("Shirt, Red",)]


def test_an_axis_stays_when_variants_differ_in_nothing_else(shirt):
    save("SHI-1", Colour="Blue", Size="M")
    save("SHI-2", Colour="Blue", Size="S")
    with pytest.raises(ValidationError, match="differ in nothing but Size"):
        operations.remove_option(product="shirt", name="Size")
    assert Option.objects.count() == 2
    assert len(told("sku")) == 2


def test_a_value_is_not_renamed_to_another(shirt):
    red = OptionValue.objects.get(name="Red")
    for name in ("Blue", "", "a / b"):
        with pytest.raises(ValidationError):
            operations.rename_value(value=red.pk, name=name)
    assert OptionValue.objects.get(pk=red.pk).name == "Red"


def test_a_choice_leads_to_the_nearest_variant(shirt):
    """There is no small red one."""
    save("BM", Colour="Blue", Size="M")
    save("BS", Colour="Blue", Size="S")
    save("RM", Colour="Red", Size="M")
    assert offered(shirt, "BS") == [
        ("Colour", "Blue", "BS"),
        ("Colour", "Red", "RM"),
        ("Size", "S", "BS"),
        ("Size", "M", "BM"),
    ]


def test_of_two_as_near_a_choice_leads_to_one_that_can_be_bought():
    product = ProductFactory()
    for sku, colour, size in [("BS", "Blue", "S"), ("RM", "Red", "M"), ("RL", "Red", "L")]:
        VariantFactory(
            product=product, sku=sku, options={"Colour": colour, "Size": size}, picture=""
        )
    Availability.objects.create(sku="RM", available=0, version=1)
    assert ("Colour", "Red", "RL") in offered(product, "BS")


def test_a_choice_says_when_something_else_changes_with_it(shirt, client):
    save("BS", Colour="Blue", Size="S")
    save("RM", Colour="Red", Size="M")
    page = client.get("/products/shirt/?sku=BS").content.decode()
    assert 'href="?sku=RM">Red <small class="muted">as Red / M</small></a>' in page
    assert 'href="?sku=BS" aria-current="true">Blue</a>' in page


def test_values_of_inactive_variants_are_not_offered():
    product = ProductFactory()
    VariantFactory(product=product, sku="B", option="Blue")
    VariantFactory(product=product, sku="R", option="Red", active=False)
    a_value(product, "Colour", "Green")
    assert offered(product, "B") == [("Colour", "Blue", "B")]
