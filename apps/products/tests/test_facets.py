"""What a list can be narrowed down by: each count is what choosing it leaves."""

import random
import sys
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from django.db import transaction

from apps.products import operations, queries
from apps.products.models import Availability, Listing
from apps.products.tests.factories import (
    CategoryFactory,
    ProductFactory,
    SalePriceFactory,
    VariantFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def shop(django_db_setup, django_db_blocker):
    """Made once for all tests here: what they add to it goes with each of them."""
    made = transaction.atomic()
    with django_db_blocker.unblock():
        made.__enter__()
        fill()
    yield
    with django_db_blocker.unblock():
        transaction.set_rollback(True)
        made.__exit__(None, None, None)


def fill():
    """Twelve products in three categories, with colours, sizes, prices, sales and stock."""
    draw = random.Random(1)
    top = CategoryFactory(slug="top", title="Top")
    leaves = [CategoryFactory(slug=f"leaf-{n}", parent=top) for n in range(3)]
    for number in range(12):
        product = ProductFactory(title=f"Thing {number}", category=draw.choice(leaves))
        for colour in draw.sample(["Blue", "Red", "Dark green"], draw.randint(1, 2)):
            for size in draw.sample(["S", "M", "XL"], draw.randint(1, 2)):
                options = {"Colour": colour, "Size": size}
                price = Decimal(draw.randint(5, 40))
                variant = VariantFactory(product=product, options=options, price=price)
                if draw.random() < 0.2:
                    SalePriceFactory(variant=variant, price=Decimal(4))
                news = Availability(sku=variant.sku, available=draw.choice([0, 0, 5]), version=1)
                operations.record_availability([news])


def listed(client, query, path="/products/"):
    """How many products the pages of the list have together, each once."""
    seen, address = [], query
    while address is not None:
        response = client.get(path + address)
        seen += [card.slug for card in response.context["cards"]]
        address = response.context["after"]
    assert len(seen) == len(set(seen))
    return len(seen)


QUERIES = ["?", "?in_stock=1", "?on_sale=1", "?price_min=8&price_max=20", "?option=Colour:Blue"]
QUERIES += ["?option=Colour:Blue&option=Colour:Red&option=Size:M", "?q=thing&option=Size:XL"]
QUERIES += ["?option=Colour:Dark+green&in_stock=1&price_max=30&sort=-price"]


@pytest.mark.parametrize("query", QUERIES)
def test_a_count_is_what_choosing_it_leaves(client, query):
    context = client.get(f"/products/c/top/{query}").context
    facets, path = context["facets"], "/products/c/top/"
    assert facets.found == queries.Count(listed(client, query, path))
    for name in ("in_stock", "on_sale"):
        plain = query.replace(f"{name}=1", "")
        assert getattr(facets, name).number == listed(client, f"{plain}&{name}=1", path)
    for branch, count in facets.branches:
        assert count.number == listed(client, query, f"/products/c/{branch.slug}/")
    for axis in facets.axes:
        rest = "&".join(part for part in query[1:].split("&") if f"{axis.name}:" not in part)
        for value in axis.values:
            alone = f"?{rest}&option={value.value.replace(' ', '+')}"
            assert value.count.number == listed(client, alone, path), value.value


def test_what_is_chosen_is_had_in_one_variant(client):
    shirt = ProductFactory(title="Shirt", category=CategoryFactory(slug="shirts"))
    VariantFactory(product=shirt, options={"Colour": "Blue", "Size": "S"})
    VariantFactory(product=shirt, options={"Colour": "Red", "Size": "M"})
    VariantFactory(product=shirt, options={"Colour": "Red", "Size": "L"}, active=False)
    shirts = "/products/c/shirts/"
    assert listed(client, "?option=Colour:Blue&option=Size:S", shirts) == 1
    assert listed(client, "?option=Colour:Blue&option=Colour:Red&option=Size:M", shirts) == 1
    assert listed(client, "?option=Colour:Blue&option=Size:M", shirts) == 0
    assert listed(client, "?option=Size:L", shirts) == 0


def test_sizes_stand_in_their_order(client):
    axes = client.get("/products/").context["facets"].axes
    assert [(axis.name, [value.name for value in axis.values]) for axis in axes] == [
        ("Colour", ["Blue", "Dark green", "Red"]),
        ("Size", ["S", "M", "XL"]),
    ]


def test_many_results_are_counted_to_a_bound(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(sys.modules["apps.products.queries.shelf"], "MOST", 5)
    monkeypatch.setattr(sys.modules["apps.products.queries.facets"], "MOST", 5)
    with django_assert_num_queries(2):
        response = client.get("/products/?in_stock=1")
    facets = response.context["facets"]
    assert facets.found == queries.Count(5, more=True)
    assert "5+ products" in response.content.decode()
    assert all(value.count.more for axis in facets.axes for value in axis.values)
    assert facets.cheapest is None


@pytest.mark.parametrize("sort", ["taken_in", "newest", "price", "-price", "title", "-title"])
@pytest.mark.parametrize("words", ["", "q=thing&"])
def test_pages_show_every_product_once_both_ways(client, monkeypatch, sort, words):
    monkeypatch.setattr("apps.products.views.lists.PAGE_SIZE", 5)
    there, back, address = [], [], f"?{words}sort={sort}"
    while address:
        response = client.get(f"/products/{address}")
        there.append([card.slug for card in response.context["cards"]])
        address = response.context["after"]
    address = response.context["before"]
    while address:
        response = client.get(f"/products/{address}")
        back.insert(0, [card.slug for card in response.context["cards"]])
        address = response.context["before"]
    assert [len(page) for page in there] == [5, 5, 2]
    assert len({slug for page in there for slug in page}) == 12
    assert back == there[:-1]


def test_the_best_come_in_pages(client, monkeypatch):
    monkeypatch.setattr("apps.products.views.lists.PAGE_SIZE", 2)
    assert listed(client, "?q=thing") == 12


def test_chips_take_back_what_was_chosen(client):
    query = "?q=thing&option=Colour%3ABlue&option=Size%3AM&price_max=30.00&in_stock=1&sort=price"
    asking = client.get(f"/products/{query}").context["asking"]
    assert [chip.name for chip in asking.chips] == [
        *("Colour: Blue", "Size: M", "Up to €30.00", "In stock"),
    ]
    assert asking.chips[0].without == query.replace("option=Colour%3ABlue&", "")
    assert asking.cleared == "?q=thing&sort=price"
    assert asking.address == query


@pytest.mark.parametrize(
    "query",
    [
        *("price_min=x", "price_min=NaN", "price_max=1e999", "price_max=-5", "price_min=\x00"),
        *("sort=rubbish", "sort=best", "cursor=rubbish", "cursor=\x00", "option=", "option=\x00:a"),
        *("option=Colour", "option=:", "in_stock=maybe", "page=9", "option=" + "a:b" * 99),
    ],
    ids=ascii,
)
def test_what_cannot_be_is_left_out(client, query):
    name, _, value = query.partition("=")
    response = client.get("/products/", {name: value})
    assert response.context["facets"].found.number in (0, 12)
    assert response.status_code == 200


def test_many_choices_are_cut(client):
    several = "&".join(f"option=Axis{n}:{m}" for n in range(30) for m in range(9))
    assert client.get(f"/products/?{several}").status_code == 200


def test_in_stock_turns_with_the_stock():
    variant = VariantFactory()
    other = VariantFactory(product=variant.product, option="Red")

    def told(sku, available, version):
        news = Availability(sku=sku, available=available, version=version)
        operations.record_availability([news])
        return Listing.objects.get(product=variant.product).in_stock

    assert told(variant.sku, 2, 1)
    assert told(other.sku, 0, 1)
    assert not told(variant.sku, 0, 2)
    assert told(other.sku, 1, 2)
    assert told(other.sku, 0, 1)  # old news


# The page ---------------------------------------------------------------------------------------
class Inputs(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in ("input", "select"):
            self.found.append(dict(attrs))


def test_the_form_is_a_plain_one_and_keeps_what_was_asked(client):
    page = client.get("/products/?q=thing&option=Colour:Blue&in_stock=1").content.decode()
    inputs = Inputs(page).found
    assert {"type": "hidden", "name": "q", "value": "thing"} in inputs
    checked = [one["value"] for one in inputs if "checked" in one]
    assert checked == ["Colour:Blue", "1"]
    ids = [one["id"] for one in inputs if "id" in one]
    assert len(ids) == len(set(ids))
    assert 'role="status"' in page


def test_with_htmx_only_the_list_is_sent(client):
    response = client.get("/products/?option=Colour:Blue&price_min=", HTTP_HX_REQUEST="true")
    page = response.content.decode()
    assert "<html" not in page
    assert 'hx-swap-oob="innerHTML"' in page
    assert response["HX-Push-Url"] == "/products/?option=Colour%3ABlue"
    assert "HX-Request" in response["Vary"]
    headers = {"HTTP_HX_REQUEST": "true", "HTTP_HX_HISTORY_RESTORE_REQUEST": "true"}
    assert "<html" in client.get("/products/", **headers).content.decode()


def test_search_engines_index_plain_lists_only(client):
    plain = client.get("/products/c/top/").content.decode()
    assert '<link rel="canonical" href="http://testserver/products/c/top/">' in plain
    assert "noindex" not in plain
    assert '"@type": "BreadcrumbList"' in plain
    narrowed = client.get("/products/c/top/?in_stock=1").content.decode()
    assert '<link rel="canonical" href="http://testserver/products/c/top/">' in narrowed
    assert '<meta name="robots" content="noindex, follow">' in narrowed


def test_next_and_previous_are_told_in_the_head(client, monkeypatch):
    monkeypatch.setattr("apps.products.views.lists.PAGE_SIZE", 7)
    first = client.get("/products/")
    assert '<link rel="next" href="?cursor=' in first.content.decode()
    second = client.get("/products/" + first.context["after"]).content.decode()
    assert '<link rel="prev" href="?cursor=' in second
    assert '<link rel="canonical" href="http://testserver/products/?cursor=' in second
