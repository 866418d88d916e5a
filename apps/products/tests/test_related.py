"""What else there is of a product's kind; maps for search engines; the seeded catalogue."""

import random
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from apps.products import operations
from apps.products.models import Availability, Listing, Product
from apps.products.queries import maps
from apps.products.seed import seed
from apps.products.tests.factories import CategoryFactory, VariantFactory

pytestmark = pytest.mark.django_db


def related(client, slug):
    return [card.slug for card in client.get(f"/products/{slug}/").context["related"]]


def test_related_are_others_of_the_category_what_is_left_first(client):
    mugs = CategoryFactory(slug="mugs")
    for slug, units in [("a", 0), ("b", 3), ("c", 0), ("d", 2), ("e", 1), ("f", 9)]:
        sku = VariantFactory(product__slug=slug, product__category=mugs).sku
        operations.record_availability([Availability(sku=sku, available=units, version=1)])
    VariantFactory(product__slug="elsewhere")
    assert related(client, "c") == ["d", "e", "f", "b"]
    assert related(client, "f") == ["b", "d", "e", "a"]
    assert related(client, "elsewhere") == []


def test_maps_name_every_category_and_product(client, monkeypatch):
    monkeypatch.setattr(maps, "A_MAP", 2)
    for number in range(5):
        VariantFactory(product__slug=f"p{number}", product__category__slug=f"c{number}")
    VariantFactory(product__slug="off", product__active=False, product__category__slug="c5")
    index = client.get("/products/sitemap.xml")
    assert index["Content-Type"] == "application/xml"
    names = []
    for place in ElementTree.fromstring(index.content).iter():  # noqa: S314  (our own text)
        if place.tag.endswith("loc"):
            found = ElementTree.fromstring(client.get(place.text).content)  # noqa: S314
            names += [one.text for one in found.iter() if one.tag.endswith("loc")]
    here = "http://testserver/products"
    expected = [f"{here}/c/c{n}/" for n in range(6)] + [f"{here}/p{n}/" for n in range(5)]
    assert names == expected
    assert client.get("/products/sitemap.xml?from=x").status_code == 404


def rows():
    names = [field.attname for field in Listing._meta.concrete_fields if field.name != "id"]
    return list(Listing.objects.order_by("product").values_list(*names))


def test_a_seeded_product_is_as_the_operations_would_make_it(client):
    assert list(seed(60, draw=random.Random(1))) == [60]
    assert list(seed(10, draw=random.Random(2))) == [10]
    assert Product.objects.count() == Listing.objects.count() == 70
    seeded, products = rows(), list(Product.objects.order_by("id").values())
    call_command("rebuild_listings")
    operations.announce()
    assert rows() == seeded
    operations.relist([product["id"] for product in products])
    assert list(Product.objects.order_by("id").values()) == products
    page = client.get("/products/seed-1/")
    assert page.status_code == 200
    assert client.get("/products/?q=seed").context["facets"].found.number == 70


def test_the_command_tells_how_far_it_is(capsys, settings):
    call_command("seed_catalogue", products=5)
    assert capsys.readouterr().out.endswith("0 s to go\n5 products are listed.\n")
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="never in production"):
        call_command("seed_catalogue", products=5)
    assert Product.objects.count() == 5
