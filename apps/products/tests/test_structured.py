"""What machines are told on the pages: as schema.org and Google's search gallery ask for it, and the
same as people see."""

import json
import re
from html import unescape

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from apps.products.models import Availability
from apps.products.tests.factories import (
    CategoryFactory,
    ReviewFactory,
    SalePriceFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db
AWKWARD = 'Chef\'s "best" knife <20 cm> & </script><!-- ü عربي'
ADDRESS = {"type": "string", "pattern": "^http://testserver/"}
CONTEXT = {"const": "https://schema.org"}
OFFER = {  # price and currency are required; the rest is what a merchant's listing needs
    "type": "object",
    "required": ["@type", "price", "priceCurrency", "url"],
    "properties": {
        "@type": {"const": "Offer"},
        "price": {"type": "string", "pattern": r"^\d+\.\d\d$"},
        "priceCurrency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "availability": {"enum": ["https://schema.org/InStock", "https://schema.org/OutOfStock"]},
        "url": ADDRESS,
    },
    "additionalProperties": False,
}
RATING = {
    "type": "object",
    "required": ["@type", "ratingValue", "reviewCount"],
    "properties": {
        "@type": {"const": "AggregateRating"},
        "ratingValue": {"type": "string", "pattern": r"^[1-5](\.\d)?$"},
        "reviewCount": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
PRODUCT = {
    "type": "object",
    "required": ["@context", "@type", "name", "image", "description", "sku", "offers"],
    "properties": {
        "@context": CONTEXT,
        "@type": {"const": "Product"},
        "name": {"type": "string", "minLength": 1},
        "description": {"type": "string", "minLength": 1},
        "sku": {"type": "string", "pattern": r"^\S+$"},
        "image": ADDRESS | {"pattern": r"\.(png|jpg|webp)$"},
        "offers": OFFER,
        "aggregateRating": RATING,
    },
    "additionalProperties": False,
}


def listing(kind, least, *required):
    """A list of items that are numbered from 1."""
    step = {"@type": {"const": "ListItem"}, "position": {"type": "integer", "minimum": 1}}
    step |= {"name": {"type": "string", "minLength": 1}, "item": ADDRESS, "url": ADDRESS}
    item = {"type": "object", "required": ["@type", "position", *required], "properties": step}
    return {
        "type": "object",
        "required": ["@context", "@type", "itemListElement"],
        "properties": {
            "@context": CONTEXT,
            "@type": {"const": kind},
            "itemListElement": {"type": "array", "minItems": least, "items": item},
        },
        "additionalProperties": False,
    }


SHAPES = {
    "Product": PRODUCT,
    "BreadcrumbList": listing("BreadcrumbList", 2, "name", "item"),
    "ItemList": listing("ItemList", 1, "url"),
}


def told(page):
    """By its type, all that the page tells machines; each is as its kind has to be."""
    [text] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.S)
    found = {one["@type"]: one for one in json.loads(text)}
    for kind, one in found.items():
        Draft202012Validator(SHAPES[kind], format_checker=FormatChecker()).validate(one)
        steps = one.get("itemListElement", [])
        assert [step["position"] for step in steps] == list(range(1, len(steps) + 1))
    return found


def meta(page):
    """Open Graph's properties."""
    found = re.findall(r'<meta property="([\w:]+)" content="([^"]*)">', page)
    return {name: unescape(value) for name, value in found}


def breadcrumbs(page):
    """As people see them."""
    [trail] = re.findall(r'<nav class="breadcrumbs".*?</nav>', page, re.S)
    return [unescape(re.sub("<[^>]+>", "", step)) for step in re.findall(r"<li.*?</li>", trail)]


@pytest.fixture
def knife():
    """With an awkward name in a category with one, in stock, on sale, reviewed."""
    top = CategoryFactory(slug="kitchen", title="Pots & 'pans'")
    variant = VariantFactory(
        sku="KNF", product__slug="knife", product__title=AWKWARD, product__category=top
    )
    SalePriceFactory(variant=variant)
    for rating in (4, 5):
        ReviewFactory(product=variant.product, rating=rating, status="approved")
    Availability.objects.create(sku="KNF", available=3, version=1)
    return variant


def test_a_product_is_told_as_it_is_shown(client, knife):
    page = client.get("/products/knife/").text
    found = told(page)
    product, offer = found["Product"], found["Product"]["offers"]
    assert product["name"] == AWKWARD
    assert f"€{offer['price']} <del>" in page
    assert (offer["price"], offer["priceCurrency"]) == ("8.00", "EUR")
    assert offer["availability"] == "https://schema.org/InStock"
    assert "Only 3 left" in page
    assert product["aggregateRating"]["ratingValue"] == "4.5"
    assert product["aggregateRating"]["reviewCount"] == 2
    assert "4.5 of 5, 2 reviews" in page
    trail = [step["name"] for step in found["BreadcrumbList"]["itemListElement"]]
    assert trail == breadcrumbs(page) == ["Shop", "Pots & 'pans'", AWKWARD]
    for address in (offer["url"], product["image"]):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize(
    ("available", "said", "shown"),
    [(0, "https://schema.org/OutOfStock", "Sold out"), (None, None, "Add")],
)
def test_what_is_sold_out_or_unknown_is_never_said_to_be_there(client, available, said, shown):
    VariantFactory(sku="MUG", product__slug="mug")
    if available is not None:
        Availability.objects.create(sku="MUG", available=available, version=1)
    page = client.get("/products/mug/").text
    assert told(page)["Product"]["offers"].get("availability") == said
    assert "aggregateRating" not in told(page)["Product"]
    assert "In stock" not in page


def test_a_list_tells_its_way_and_its_products(client, knife):
    page = client.get("/products/c/kitchen/").text
    found = told(page)
    assert [step["name"] for step in found["BreadcrumbList"]["itemListElement"]] == breadcrumbs(
        page
    )
    [item] = found["ItemList"]["itemListElement"]
    assert item["url"] == "http://testserver/products/knife/"
    assert set(told(client.get("/products/").text)) == {"ItemList"}  # no way leads to itself


@pytest.mark.parametrize("path", ["/products/", "/products/c/kitchen/", "/products/knife/"])
def test_a_link_is_shown_with_a_picture_that_everybody_can_show(client, knife, path):
    page = client.get(path).text
    said = meta(page)
    [canonical] = re.findall('<link rel="canonical" href="([^"]+)">', page)
    assert said["og:url"] == canonical == f"http://testserver{path}"
    assert {"og:title", "og:type", "og:site_name"} <= set(said)
    picture = client.get(said["og:image"])
    assert picture["Content-Type"] == "image/png"
    assert picture["Cache-Control"] == "public, max-age=2592000"
    assert picture.content.startswith(b"\x89PNG\r\n\x1a\n")


def test_a_knife_costs_machines_what_it_costs_people(client, knife):
    said = meta(client.get("/products/knife/").text)
    assert (said["product:price:amount"], said["product:price:currency"]) == ("8.00", "EUR")
    assert said["og:title"] == AWKWARD


def test_there_is_no_painting_of_nothing(client):
    assert client.get("/products/pictures/mug-nocolour.png").status_code == 404
