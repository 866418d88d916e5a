"""Who may keep what is answered: nothing that is somebody's own is ever in a shared cache, and what is
kept is asked for again or never old."""

import gzip
from collections.abc import Iterator
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from apps.inventory.operations import adjust_stock
from apps.products import operations
from apps.users.tests.factories import UserFactory
from shop.demo import drain
from shop.tests.factories import ArticleFactory

pytestmark = pytest.mark.django_db(transaction=True)  # on PostgreSQL the bus sees commits only
PUBLIC = {  # the same for everybody, and told so
    "/products/suggest/",
    "/products/sitemap.xml",
    "/products/pictures/mug-blue.svg",
    "/products/pictures/mug-blue.png",
}
SOME = {
    *PUBLIC,
    "/products/first/",
    "/products/c/things/",
    "/products/first/reviews/",
    "/legal/terms/",
}
LIST = "/products/"


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """Of everything that is served under an address that is always the same."""
    for one in patterns:
        path = f"{before}{one.pattern}"
        if "<" in path or path.startswith(("/admin/", "/^")):
            continue
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, path)
        else:
            yield path


def directives(client: Client, path: str) -> tuple[set[str], bool]:
    """Of the answer's Cache-Control; and whether it depends on who asks."""
    answer = client.get(path)
    kept = {part.strip() for part in answer.headers["Cache-Control"].split(",")}
    return kept, "Cookie" in answer.headers.get("Vary", "") or bool(answer.cookies)


@pytest.mark.parametrize("signed_in", [False, True])
def test_only_what_is_the_same_for_everybody_may_be_kept_by_others(signed_in: bool) -> None:
    ArticleFactory(slug="first")
    client = Client()
    if signed_in:
        client.force_login(UserFactory())
    paths = SOME | set(addresses(get_resolver().url_patterns))
    assert {"/", "/cart/", "/orders/", "/users/me/", "/api/v1/cart/"} <= paths
    for path in paths:
        kept, own = directives(client, path)
        if path in PUBLIC:
            assert "public" in kept, path
            assert not own, path
        else:
            assert kept & {"private", "no-store"}, path
            assert "public" not in kept, path


def test_a_list_that_has_not_changed_is_not_sent_again(client: Client) -> None:
    sku = ArticleFactory(slug="first", units=2)
    tag = client.get(LIST).headers["ETag"]
    assert client.get(LIST, headers={"if-none-match": tag}).status_code == 304

    adjust_stock(sku=sku, delta=-1, reason="Counted again", by="test")
    drain()

    answer = client.get(LIST, headers={"if-none-match": tag})
    assert answer.status_code == 200
    assert "Only 1 left" in answer.text


def test_a_part_that_is_kept_is_never_an_old_one(client: Client) -> None:
    sku = ArticleFactory(slug="first", units=5)
    assert "In stock" in client.get(LIST).text
    adjust_stock(sku=sku, delta=-5, reason="Counted again", by="test")
    drain()
    assert "Sold out" in client.get(LIST).text
    operations.change_price(sku=sku, price=Decimal("12.34"))
    assert "€12.34" in client.get(LIST).text
    second = ArticleFactory(slug="second")
    assert client.get(LIST).text.count('<li class="card">') == 2
    assert client.get("/products/c/things/?sort=-title").text.count('<li class="card">') == 2
    operations.change_price(sku=second, price=Decimal("9.99"))
    assert "€9.99" in client.get(LIST).text


def test_a_part_that_is_kept_is_of_its_address_alone(client: Client) -> None:
    """The same products, asked for in two ways, and with htmx."""
    ArticleFactory(slug="first")
    everything, things = client.get(LIST).text, client.get("/products/c/things/").text
    assert 'action="/products/"' in everything
    assert 'action="/products/c/things/"' in things
    part = client.get(LIST, headers={"hx-request": "true"}).text
    assert 'hx-swap-oob="innerHTML"' in part
    assert "hx-swap-oob" not in client.get(LIST).text


def test_pages_are_compressed_for_who_can_read_that(client: Client) -> None:
    ArticleFactory(slug="first")
    plain = client.get(LIST)
    packed = client.get(LIST, headers={"accept-encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    tag = packed.headers["ETag"]
    again = client.get(LIST, headers={"accept-encoding": "gzip", "if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
