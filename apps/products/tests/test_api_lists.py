"""The list of products: what can be asked of it, and its pages."""

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.products import operations
from apps.products.api import pages
from apps.products.models import Availability, Product
from apps.products.tests.factories import (
    CategoryFactory,
    ProductFactory,
    SalePriceFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


def slugs(answer):
    return [product["slug"] for product in answer.json()["results"]]


def some(count, *, price=None):
    """Products "p0" and so on, with few different prices and titles."""
    category = CategoryFactory(slug="things")
    for n in range(count):
        product = ProductFactory(slug=f"p{n}", title=f"Thing {n % 3}", category=category)
        VariantFactory(product=product, sku=f"P{n}", price=price or Decimal(1 + n % 2), picture="")


def walk(client, address, way="next"):
    """The slugs of each page, from the address on."""
    found = []
    while address:
        answer = client.get(address).json()
        found.append([product["slug"] for product in answer["results"]])
        address = answer[way]
    return found


def test_a_list_costs_two_queries(client, django_assert_num_queries):
    some(5)
    with django_assert_num_queries(2):
        answer = client.get("/api/v1/products/?price_min=1&in_stock=false&on_sale=no")
    assert slugs(answer) == ["p0", "p1", "p2", "p3", "p4"]
    with django_assert_num_queries(3):
        client.get("/api/v1/products/?category=things")


def test_a_product_in_the_list(client):
    product = ProductFactory(slug="mug", title="Mug", category__slug="drinkware")
    blue = VariantFactory(product=product, sku="BLU", option="Blue", price=Decimal("14.90"))
    VariantFactory(product=product, sku="RED", option="Red", price=Decimal("15.00"))
    SalePriceFactory(variant=blue, price=Decimal("9.90"))
    Availability.objects.create(sku="BLU", available=3, version=1)
    (found,) = client.get("/api/v1/products/").json()["results"]
    assert found == {
        "id": str(product.pk),
        "slug": "mug",
        "title": "Mug",
        "description": "It does what it should. It looks good doing it.",
        "category": "drinkware",
        "price": "9.90",
        "price_to": "15.00",
        "currency": "EUR",
        "on_sale": True,
        "rating": {"average": None, "count": 0},
        "picture": {
            "url": "/products/pictures/mug-blue.svg",
            "alt": "A mug-blue",
            "width": 400,
            "height": 400,
        },
        "variants": [
            {
                "sku": "BLU",
                "option": "Blue",
                "price": "9.90",
                "regular_price": "14.90",
                "currency": "EUR",
                "available": 3,
            },
            {
                "sku": "RED",
                "option": "Red",
                "price": "15.00",
                "regular_price": None,
                "currency": "EUR",
                "available": None,
            },
        ],
    }


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("price_min=10", ["mug", "lamp"]),
        ("price_max=10", ["cup", "mug"]),
        ("price_min=5.01&price_max=10.00", ["mug"]),
        ("in_stock=true", ["lamp"]),
        ("in_stock=false", ["cup", "mug"]),
        ("on_sale=true", ["mug"]),
        ("on_sale=false", ["cup", "lamp"]),
        ("on_sale=true&in_stock=true", []),
        ("ordering=price", ["cup", "mug", "lamp"]),
        ("ordering=-price", ["lamp", "mug", "cup"]),
        ("ordering=newest", ["lamp", "mug", "cup"]),
        ("ordering=title", ["cup", "lamp", "mug"]),
        ("ordering=-title", ["mug", "lamp", "cup"]),
        ("unknown=1", ["cup", "mug", "lamp"]),
    ],
)
def test_filters_and_orders(client, query, found):
    """The mug regularly costs 12; the lamp has an article without stock, and one that is off."""
    VariantFactory(product__slug="cup", product__title="a cup", price=Decimal("5.00"), sku="CUP")
    mug = VariantFactory(product__slug="mug", product__title="mug", price=Decimal("12.00"))
    SalePriceFactory(variant=mug, price=Decimal("10.00"))
    lamp = ProductFactory(slug="lamp", title="lamp")
    VariantFactory(product=lamp, sku="LMP", option="Red", price=Decimal("20.00"))
    VariantFactory(product=lamp, sku="LMP-2", option="Blue", price=Decimal("30.00"))
    VariantFactory(product=lamp, option="Old", price=Decimal("1.00"), active=False)
    for sku, units in [("CUP", 0), ("LMP", 0), ("LMP-2", 2)]:
        Availability.objects.create(sku=sku, available=units, version=1)
    assert slugs(client.get(f"/api/v1/products/?{query}")) == found


@pytest.mark.parametrize(
    "query",
    [
        *("price_min=x", "price_min=-1", "price_min=NaN", "price_min=1e999", "price_min=0.001"),
        *("price_max=", "price_max=99999999999", "price_min=2&price_max=1", "price_min=%00"),
        *("in_stock=x", "in_stock=", "on_sale=2", "ordering=id", "ordering=", "ordering=%00"),
        *("category=none", "category=", "category=%00"),
    ],
)
def test_a_bad_filter_is_refused_by_name(client, query):
    answer = client.get(f"/api/v1/products/?{query}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert set(answer.json()["errors"]) <= {part.split("=")[0] for part in query.split("&")}


@pytest.mark.parametrize("ordering", ["taken_in", "newest", "price", "-price", "title", "-title"])
def test_pages_show_every_product_once_in_every_order(client, monkeypatch, ordering):
    monkeypatch.setattr(pages, "PAGE_SIZE", 3)
    some(8)
    address = f"/api/v1/products/?ordering={ordering}"
    there = walk(client, address)
    assert [len(page) for page in there] == [3, 3, 2]
    every = [slug for page in there for slug in page]
    assert sorted(every) == [f"p{n}" for n in range(8)]
    last = client.get(client.get(client.get(address).json()["next"]).json()["next"]).json()
    assert walk(client, last["previous"], "previous") == [there[1], there[0]]


def test_what_comes_and_goes_between_pages_moves_nothing(client, monkeypatch):
    """Three a page, all at one price; the second page begins where the first ended."""
    monkeypatch.setattr(pages, "PAGE_SIZE", 3)
    some(7, price=Decimal(5))
    first = client.get("/api/v1/products/?ordering=price").json()
    operations.deactivate(products=[Product.objects.get(slug="p0").pk])
    VariantFactory(product__slug="cheap", price=Decimal(1))
    assert walk(client, first["next"]) == [["p3", "p4", "p5"], ["p6"]]


def test_a_page_keeps_its_filters(client, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 1)
    some(4)
    answer = client.get("/api/v1/products/?price_max=1&ordering=title").json()
    assert parse_qs(urlsplit(answer["next"]).query)["price_max"] == ["1"]
    assert walk(client, answer["next"]) == [["p2"]]
    assert slugs(client.get("/api/v1/products/?price_max=1&ordering=title")) == ["p0"]


@pytest.mark.parametrize(
    "cursor",
    [
        *("rubbish", "", "%00", "cD0lMDA=", "A" * 5000, "W10", "bnVsbA", "WzEsMl0", "%F0%9F%98%80"),
        "WyJpZCIsMCwieCIsIngiXQ",  # ["id",0,"x","x"]
        "WyItaWQiLDAsIngiLCJ4Il0",  # ["-id",0,"x","x"], another order's
        "WyJpZCIsMCxudWxsLG51bGxd",  # ["id",0,null,null]
    ],
)
def test_a_cursor_that_is_none_is_not_found(client, cursor):
    some(1)
    answer = client.get(f"/api/v1/products/?cursor={cursor}")
    assert answer.status_code == answer.json()["status"] == 404


def test_a_cursor_is_of_one_order(client, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 1)
    some(2)
    cursor = parse_qs(urlsplit(client.get("/api/v1/products/").json()["next"]).query)["cursor"][0]
    assert client.get(f"/api/v1/products/?cursor={cursor}").status_code == 200
    assert client.get(f"/api/v1/products/?cursor={cursor}&ordering=title").status_code == 404


def test_a_category_that_moved_is_found_under_its_new_name(client):
    VariantFactory(product__category__slug="mugs")
    operations.move_category(slug="mugs", to="drinkware")
    answer = client.get("/api/v1/products/?category=mugs&ordering=price")
    assert answer.status_code == 301
    assert answer["Location"] == "/api/v1/products/?category=drinkware&ordering=price"
    assert answer.json()["code"] == "moved"
    assert len(slugs(client.get(answer["Location"]))) == 1
