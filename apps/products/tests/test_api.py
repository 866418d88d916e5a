from decimal import Decimal

import pytest

from apps.products import demo
from apps.products.models import Availability
from apps.products.tests.factories import CategoryFactory, ProductFactory, VariantFactory

pytestmark = pytest.mark.django_db


def test_a_product_comes_with_its_variants(client):
    product = ProductFactory(slug="mug", title="Mug", category__slug="drinkware")
    VariantFactory(product=product, sku="BLU", option="Blue", price=Decimal("14.90"))
    VariantFactory(product=product, sku="RED", option="Red", price=Decimal("15.00"))
    VariantFactory(product=product, sku="OLD", active=False)
    Availability.objects.create(sku="BLU", available=3, version=1)
    assert client.get("/api/v1/products/mug/").json() == {
        "id": str(product.pk),
        "slug": "mug",
        "title": "Mug",
        "description": "It does what it should. It looks good doing it.",
        "category": "drinkware",
        "variants": [
            {"sku": "BLU", "option": "Blue", "price": "14.90", "currency": "EUR", "available": 3},
            {"sku": "RED", "option": "Red", "price": "15.00", "currency": "EUR", "available": None},
        ],
    }


def test_the_pages_of_the_list_are_linked_by_cursor(client, django_assert_max_num_queries):
    demo.load()
    with django_assert_max_num_queries(5):
        first = client.get("/api/v1/products/").json()
    second = client.get(first["next"]).json()
    slugs = [product["slug"] for product in first["results"] + second["results"]]
    assert len(slugs) == len(set(slugs)) == 22
    assert second["next"] is None


def test_a_category_filters_with_all_below_it(client):
    top = CategoryFactory(slug="home")
    VariantFactory(product__slug="mug", product__category=CategoryFactory(parent=top))
    VariantFactory()
    found = client.get("/api/v1/products/?category=home").json()["results"]
    assert [product["slug"] for product in found] == ["mug"]


@pytest.mark.parametrize(
    ("path", "status"),
    [("?category=none", 400), ("?category=", 400), ("?cursor=rubbish", 404), ("none/", 404)],
)
def test_bad_requests_are_problems(client, path, status):
    response = client.get(f"/api/v1/products/{path}")
    assert response.status_code == response.json()["status"] == status
    assert response["Content-Type"] == "application/problem+json"


def test_what_is_off_sale_is_not_found(client):
    VariantFactory(product__slug="mug", product__active=False)
    assert client.get("/api/v1/products/mug/").status_code == 404
    assert client.get("/api/v1/products/").json()["results"] == []


def test_categories_name_their_parents(client):
    top = CategoryFactory(slug="home", title="Home")
    CategoryFactory(slug="kitchen", title="Kitchen", parent=top)
    CategoryFactory(slug="hidden", active=False)
    assert client.get("/api/v1/products/categories/").json() == [
        {"slug": "home", "title": "Home", "parent": None},
        {"slug": "kitchen", "title": "Kitchen", "parent": "home"},
    ]
