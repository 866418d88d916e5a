import unicodedata
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count

from apps.products import demo, operations
from apps.products.models import Category, Option, Product, Variant, VariantValue
from apps.products.tests.factories import CategoryFactory, ProductFactory, VariantFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


def told(*fields, sku=None):
    facts = published("products.changed", key=sku)
    return [tuple(fact[field] for field in fields) for fact in facts]


def test_a_new_variant_is_told_whole():
    product = ProductFactory(slug="harbour-mug", title="Harbour mug", tax_class="reduced")
    operations.save_option(product="harbour-mug", name="Colour", values=["Blue"])
    operations.save_variant(
        sku="MUG-BLU",
        product="harbour-mug",
        price=Decimal("14.90"),
        picture="mug-blue",
        picture_alt="A blue mug",
        options={"Colour": "Blue"},
    )
    assert published("products.changed", key="MUG-BLU") == [
        {
            "product_id": str(product.pk),
            "sku": "MUG-BLU",
            "title": "Harbour mug, Blue",
            "price": "14.90",
            "currency": "EUR",
            "version": 1,
            "picture": "/products/pictures/mug-blue.svg",
            "url": "/products/harbour-mug/?sku=MUG-BLU",
            "active": True,
            "tax_class": "reduced",
            "regular_price": None,
            "picture_alt": "A blue mug",
        }
    ]


def test_saving_the_same_again_tells_nothing():
    ProductFactory(slug="mug")
    for _ in range(2):
        operations.save_variant(
            sku="MUG-BLU", product="mug", price=Decimal("14.90"), picture="mug-blue"
        )
    assert told("version") == [(1,)]


def test_a_new_title_of_the_product_is_told_for_its_variants_and_no_others():
    variant, other = VariantFactory(option="Blue"), VariantFactory()
    product = variant.product
    operations.save_product(
        slug=product.slug,
        title="New",
        description=product.description,
        category=product.category.slug,
    )
    assert told("sku", "title", "version") == [(variant.sku, "New, Blue", 2)]
    other.refresh_from_db()
    assert other.version == 1


def test_a_new_price_raises_the_version():
    variant = VariantFactory(price=Decimal("10.00"))
    assert operations.change_price(sku=variant.sku, price=Decimal("12.00"))
    assert told("price", "version") == [("12.00", 2)]


def test_the_price_it_has_already_tells_nothing():
    variant = VariantFactory(price=Decimal("10.00"))
    assert not operations.change_price(sku=variant.sku, price=Decimal("10.00"))
    assert not operations.change_price(sku="NO-SUCH", price=Decimal("10.00"))
    assert told("sku") == []


@pytest.mark.parametrize("price", ["0", "-1", "0.001", "12345678901.00"])
def test_a_price_that_cannot_be_is_refused(price):
    variant = VariantFactory()
    with pytest.raises(ValidationError):
        operations.change_price(sku=variant.sku, price=Decimal(price))
    assert told("sku") == []


def test_the_database_refuses_a_free_variant():
    with pytest.raises(IntegrityError), transaction.atomic():
        VariantFactory(price=Decimal(0))


def test_an_unknown_picture_is_refused():
    ProductFactory(slug="mug")
    with pytest.raises(ValidationError):
        operations.save_variant(sku="MUG", product="mug", price=Decimal(1), picture="elephant-blue")
    assert not Variant.objects.exists()
    assert told("sku") == []


def test_a_product_off_sale_is_told_as_inactive_and_back():
    variant = VariantFactory()
    assert operations.deactivate(products=[variant.product_id]) == 1
    assert operations.deactivate(products=[variant.product_id]) == 0
    assert operations.activate(products=[variant.product_id]) == 1
    assert told("active", "version") == [(False, 2), (True, 3)]


def test_hiding_a_category_takes_everything_below_off_sale():
    top = CategoryFactory(slug="home", title="Home")
    below = CategoryFactory(parent=CategoryFactory(parent=top))
    variant = VariantFactory(product__category=below)
    elsewhere = VariantFactory()
    operations.save_category(slug="home", title="Home", active=False)
    operations.save_category(slug="home", title="Home", active=True)
    assert told("active", sku=variant.sku) == [(False,), (True,)]
    assert told("sku", sku=elsewhere.sku) == []


def test_a_new_title_of_a_category_tells_nothing():
    variant = VariantFactory(product__category__slug="home")
    operations.save_category(slug="home", title="House")
    assert Category.objects.get().title == "House"
    assert told("sku", sku=variant.sku) == []


def test_a_fourth_level_is_refused():
    for slug, parent in [("a", None), ("b", "a"), ("c", "b")]:
        operations.save_category(slug=slug, title=slug, parent=parent)
    with pytest.raises(ValidationError):
        operations.save_category(slug="d", title="d", parent="c")
    operations.save_category(slug="top", title="top")
    with pytest.raises(operations.TooDeep):
        operations.save_category(slug="a", title="a", parent="top")
    assert Category.objects.get(slug="a").parent is None


def test_a_category_is_not_below_itself():
    operations.save_category(slug="a", title="a")
    operations.save_category(slug="b", title="b", parent="a")
    with pytest.raises(operations.TooDeep):
        operations.save_category(slug="a", title="a", parent="b")
    assert Category.objects.get(slug="a").parent is None


def test_a_slug_of_the_api_is_refused():
    CategoryFactory(slug="home")
    with pytest.raises(ValidationError):
        operations.save_product(slug="categories", title="x", description="x", category="home")
    assert not Product.objects.exists()


def test_announcing_tells_the_state_without_a_new_version():
    one, other = VariantFactory(version=4), VariantFactory()
    assert operations.announce(skus=[one.sku]) == 1
    assert told("sku", "version") == [(one.sku, 4)]
    assert operations.announce() == 2
    assert told("version", sku=other.sku) == [(1,)]


def test_the_demo_catalogue_is_taken_in_once():
    stock = demo.load()
    first = len(told("sku"))
    assert demo.load() == stock
    assert len(told("sku")) == first
    assert set(told("sku")) == {(sku,) for sku in stock}
    assert len(stock) == Variant.objects.count()
    assert told("price", "regular_price", sku="RDL-RED")[-1] == ("35.00", "42.00")
    assert told("title", "tax_class", sku="HAT-NVY-L")[-1] == (
        "Fisherman's hat, Navy / L",
        "standard",
    )
    assert told("tax_class", sku="PKT-ORA") == [("reduced",)]
    assert Product.objects.count() >= 120
    shown = Product.objects.annotate(
        of=Count("pictures", distinct=True), articles=Count("variants", distinct=True)
    )
    assert all(product.of == 3 * product.articles for product in shown)
    assert {0, 1, 3} <= set(stock.values())
    prices = set(Variant.objects.values_list("price", flat=True))
    assert (min(prices), max(prices)) == (Decimal("0.99"), Decimal("12345.00"))
    assert max(product.articles for product in shown) == 40
    titles = set(Product.objects.values_list("title", flat=True))
    assert max(map(len, titles)) == 120
    assert any("'" in title and "<" in title for title in titles)
    assert any(unicodedata.bidirectional(title[0]) == "AL" for title in titles)
    assert Category.objects.filter(children=None, active=True).count() >= 12
    assert Category.objects.filter(parent__parent__isnull=False).count() >= 8
    assert not Product.objects.filter(category__active=False, listed=True).exists()
    assert Product.objects.filter(category__active=False).exists()
    assert set(Option.objects.values_list("name", flat=True)) == {"Colour", "Size"}


def test_a_picture_is_of_the_colour_that_the_article_has():
    demo.load()
    named = {"Terracotta": "orange"}
    values = VariantValue.objects.filter(option__name="Colour").select_related("variant", "value")
    for row in values:
        colour = named.get(row.value.name, row.value.name.lower())
        assert row.variant.picture.partition("-")[2] == colour, row.variant


def test_the_demo_catalogue_leaves_alone_what_is_there():
    demo.load()
    operations.change_price(sku="MUG-BLU", price=Decimal("99.00"))
    before = len(told("sku"))
    demo.load()
    assert len(told("sku")) == before
    assert Variant.objects.get(sku="MUG-BLU").price == Decimal("99.00")
