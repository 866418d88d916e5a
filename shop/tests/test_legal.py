"""The legal pages are there, and every page leads to them."""

import pytest
from django.test import Client

from shop.legal import PAGES


@pytest.mark.django_db
@pytest.mark.parametrize("name", PAGES)
def test_a_legal_page_says_what_it_is_and_leads_to_the_others(client: Client, name: str) -> None:
    html = client.get(f"/legal/{name}/").content.decode()
    assert f"<h1>{PAGES[name]}</h1>" in html
    for other in PAGES:
        assert f'href="/legal/{other}/"' in html


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["page", "links", "cookies"])
def test_there_is_no_other(client: Client, name: str) -> None:
    assert client.get(f"/legal/{name}/").status_code == 404
