from decimal import Decimal

import pytest

from apps.products.models import Availability
from apps.products.tests.factories import (
    CategoryFactory,
    PictureFactory,
    ProductFactory,
    ReviewFactory,
    SalePriceFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def picture(recipe, alt):
    url = f"/products/pictures/{recipe}.svg"
    return {"url": url, "alt": alt, "width": 400, "height": 400}


def test_a_product_comes_with_all_there_is(client, django_assert_num_queries):
    home = CategoryFactory(slug="home", title="Home")
    cups = CategoryFactory(slug="drinkware", title="Drinkware", parent=home)
    product = ProductFactory(slug="mug", title="Mug", category=cups, tax_class="reduced")
    blue = VariantFactory(product=product, sku="BLU", option="Blue", price=Decimal("14.90"))
    VariantFactory(
        product=product, sku="RED", option="Red", price=Decimal("15.00"), picture="mug-red"
    )
    VariantFactory(product=product, sku="OLD", option="Old", active=False, picture="")
    PictureFactory(product=product, recipe="mug-oak", alt="The set")
    SalePriceFactory(variant=blue, price=Decimal("9.90"))
    ReviewFactory(product=product, rating=4, status="approved")
    ReviewFactory(product=product, rating=5, status="approved")
    Availability.objects.create(sku="BLU", available=3, version=1)
    with django_assert_num_queries(1):
        found = client.get("/api/v1/products/mug/").json()
    blue, red, every = (
        picture("mug-blue", "A mug-blue"),
        picture("mug-red", "A mug-red"),
        picture("mug-oak", "The set"),
    )
    assert found == {
        "id": str(product.pk),
        "slug": "mug",
        "title": "Mug",
        "description": "It does what it should. It looks good doing it.",
        "category": "drinkware",
        "path": [
            {"slug": "home", "title": "Home"},
            {"slug": "drinkware", "title": "Drinkware"},
        ],
        "tax_class": "reduced",
        "price": "9.90",
        "price_to": "15.00",
        "currency": "EUR",
        "on_sale": True,
        "rating": {"average": "4.5", "count": 2},
        "pictures": [every, blue, red],
        "options": [{"name": "Colour", "values": ["Blue", "Red"]}],
        "variants": [
            {
                "sku": "BLU",
                "option": "Blue",
                "options": {"Colour": "Blue"},
                "price": "9.90",
                "regular_price": "14.90",
                "currency": "EUR",
                "available": 3,
                "pictures": [blue, every],
            },
            {
                "sku": "RED",
                "option": "Red",
                "options": {"Colour": "Red"},
                "price": "15.00",
                "regular_price": None,
                "currency": "EUR",
                "available": None,
                "pictures": [red, every],
            },
        ],
    }


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
