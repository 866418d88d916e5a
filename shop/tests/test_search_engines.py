"""Where search engines are led: from robots.txt over the maps to pages that name themselves."""

import re
from xml.etree import ElementTree

import pytest
from django.test import Client

from shop.tests.factories import ArticleFactory

pytestmark = pytest.mark.django_db(transaction=True)  # on PostgreSQL the bus sees commits only


def locations(client: Client, address: str) -> list[str]:
    places = ElementTree.fromstring(client.get(address).content).iter()  # noqa: S314  (our own text)
    return [str(place.text) for place in places if place.tag.endswith("}loc")]


def test_every_address_on_the_maps_is_a_page_that_says_it_is_that(client: Client) -> None:
    ArticleFactory(slug="first")
    ArticleFactory(slug="second", units=0)
    robots = client.get("/robots.txt").text
    [index] = re.findall(r"^Sitemap: (\S+)$", robots, re.M)
    addresses = [page for part in locations(client, index) for page in locations(client, part)]
    expected = ["c/things", "first", "second"]
    assert addresses == [f"http://testserver/products/{path}/" for path in expected]
    for address in addresses:
        page = client.get(address).text
        assert f'<link rel="canonical" href="{address}">' in page
        assert "noindex" not in page
        assert not any(address.startswith(f"http://testserver{path}") for path in private(robots))


def private(robots: str) -> list[str]:
    return re.findall(r"^Disallow: (\S+)$", robots, re.M)


def test_what_is_somebodys_own_is_left_alone(client: Client) -> None:
    paths = private(client.get("/robots.txt").text)
    own = {"/cart/", "/orders/", "/payments/", "/users/", "/notifications/", "/admin/", "/api/"}
    assert own <= set(paths)
    assert "/products/" not in paths
