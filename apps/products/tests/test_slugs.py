"""Addresses: they change, the old ones lead on, and none is ever another's."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from apps.products import operations
from apps.products.models import Category, CategorySlug, Product, ProductSlug
from apps.products.tests.factories import CategoryFactory, VariantFactory
from eventbus.testing import published

pytestmark = pytest.mark.django_db


@pytest.fixture
def mug():
    return VariantFactory(product__slug="mug", sku="MUG", product__category__slug="cups").product


def told():
    return [(fact["url"], fact["version"]) for fact in published("products.changed")]


def test_a_moved_product_is_told_with_its_new_address(mug):
    operations.move_product(slug="mug", to="harbour-mug")
    operations.move_product(slug="harbour-mug", to="harbour-mug")
    assert told() == [("/products/harbour-mug/?sku=MUG", 2)]


def test_every_old_address_leads_to_the_present_one_at_once(client, mug):
    operations.move_product(slug="mug", to="cup")
    operations.move_product(slug="cup", to="harbour-mug")
    for slug in ("mug", "cup"):
        answer = client.get(f"/products/{slug}/?sku=MUG")
        assert (answer.status_code, answer.url) == (301, "/products/harbour-mug/?sku=MUG")
        answer = client.get(f"/products/{slug}/reviews/")
        assert (answer.status_code, answer.url) == (301, "/products/harbour-mug/reviews/")
        answer = client.get(f"/api/v1/products/{slug}/")
        assert (answer.status_code, answer["Location"]) == (301, "/api/v1/products/harbour-mug/")
        assert answer.json()["code"] == "moved"
        answer = client.get(f"/api/v1/products/{slug}/reviews/?cursor=x")
        assert answer["Location"] == "/api/v1/products/harbour-mug/reviews/?cursor=x"
    assert client.get("/products/harbour-mug/").status_code == 200


def test_a_product_may_go_back_to_an_address_of_its_own(client, mug):
    operations.move_product(slug="mug", to="cup")
    operations.move_product(slug="cup", to="mug")
    assert client.get("/products/mug/").status_code == 200
    assert client.get("/products/cup/").url == "/products/mug/"
    assert told()[-1] == ("/products/mug/?sku=MUG", 3)


def test_an_old_address_is_never_anothers(mug):
    operations.move_product(slug="mug", to="harbour-mug")
    other = VariantFactory(product__slug="other").product
    before = told()
    with pytest.raises(ValidationError, match="was the address of another product"):
        operations.move_product(slug="other", to="mug")
    with pytest.raises(ValidationError):
        operations.move_product(slug="other", to="harbour-mug")
    with pytest.raises(ValidationError):
        operations.save_product(slug="mug", title="x", description="x", category="cups")
    other.refresh_from_db()
    assert other.slug == "other"
    assert Product.objects.count() == 2
    assert told() == before


@pytest.mark.parametrize("slug", ["categories", "c", "pictures", "no slug", "", "x" * 81])
def test_an_address_that_cannot_be_is_refused(mug, slug):
    with pytest.raises(ValidationError):
        operations.move_product(slug="mug", to=slug)
    assert Product.objects.get().slug == "mug"
    assert told() == []


def test_the_database_keeps_an_address_for_one(mug):
    other = VariantFactory(product__slug="other").product
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductSlug.objects.create(slug="mug", product=other)
    with pytest.raises(IntegrityError), transaction.atomic():
        CategorySlug.objects.create(slug="cups", category=CategoryFactory())


def test_what_is_off_sale_is_not_led_to(client, mug):
    operations.move_product(slug="mug", to="cup")
    operations.deactivate(products=[mug.pk])
    assert client.get("/products/mug/").status_code == 404
    assert client.get("/api/v1/products/mug/").status_code == 404


def test_a_moved_category_leads_on_and_tells_nothing(client, mug):
    operations.move_category(slug="cups", to="drinkware")
    answer = client.get("/products/c/cups/?page=2")
    assert (answer.status_code, answer.url) == (301, "/products/c/drinkware/?page=2")
    assert client.get("/products/c/drinkware/").status_code == 200
    assert told() == []
    with pytest.raises(ValidationError, match="was the address of another category"):
        operations.save_category(slug="cups", title="Cups")
    assert Category.objects.get().slug == "drinkware"


def test_a_hidden_category_is_not_led_to(client, mug):
    operations.move_category(slug="cups", to="drinkware")
    operations.save_category(slug="drinkware", title="Drinkware", active=False)
    assert client.get("/products/c/cups/").status_code == 404
    assert client.get("/api/v1/products/?category=cups").status_code == 400


def test_staff_move_a_category(admin_client, mug):
    form = {"slug": "drinkware", "title": "Drinkware", "position": 0, "active": "on"}
    address = f"/admin/products/category/{mug.category_id}/change/"
    assert admin_client.post(address, form).status_code == 302
    assert admin_client.get("/products/c/cups/").url == "/products/c/drinkware/"
    other = CategoryFactory(slug="other")
    page = admin_client.post(
        f"/admin/products/category/{other.pk}/change/", form | {"slug": "cups"}
    ).content.decode()
    assert "It was the address of another category." in page
