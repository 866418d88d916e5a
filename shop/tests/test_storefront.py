"""Navigation and slots: found, ordered, checked and documented."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from shop import storefront
from shop.checks import check_navigation, check_slots
from shop.storefront import fill_slot, fillers, navigation
from shop.templatetags.storefront import money

USED = re.compile(r"{%\s*slot\s+[\"']([\w.]+)[\"']")
DOCUMENTED = re.compile(r"^## `([\w.]+)`", re.M)


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("a page")


urlpatterns = [path("first/", page, name="first"), path("second/", page, name="second")]


def buy(request: HttpRequest, *, sku: str) -> SafeString:
    return format_html("<b>{}</b>", sku)


def careless(request: HttpRequest) -> str:
    return "<script>"


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replaces what all apps declare by what one app is given."""

    def put(**declared: Any) -> None:
        config = SimpleNamespace(label="one", **declared)
        monkeypatch.setattr(storefront, "apps", SimpleNamespace(get_app_configs=lambda: [config]))

    return put


def undocumented(names: set[str], documented: set[str]) -> set[str]:
    return names - documented


def slots_in_templates() -> set[str]:
    folders = [settings.BASE_DIR / "shop", settings.BASE_DIR / "apps"]
    files = [file for folder in folders for file in folder.rglob("templates/**/*.html")]
    return {name for file in files for name in USED.findall(file.read_text())}


def documented_slots() -> set[str]:
    return set(DOCUMENTED.findall(Path(settings.BASE_DIR, "docs/slots.md").read_text()))


def test_every_slot_that_is_used_or_filled_is_documented() -> None:
    names = slots_in_templates() | {name for _, name, _ in fillers()}
    assert undocumented(names, documented_slots()) == set()


def test_a_slot_that_no_document_names_is_found() -> None:
    used = set(USED.findall("{% slot 'product.gift' sku=a %}{%slot \"header\"%}"))
    assert undocumented(used, documented_slots()) == {"product.gift"}


def test_a_slot_shows_what_fills_it_with_its_arguments(declare: Any) -> None:
    declare(slots={"product.buy": f"{__name__}.buy"})
    request = RequestFactory().get("/")
    context = Context({"request": request, "chosen": "<A>"})
    html = Template("{% slot 'product.buy' sku=chosen %}").render(context)
    assert html == "<b>&lt;A&gt;</b>"


def test_what_a_filler_did_not_mark_as_safe_is_escaped(declare: Any) -> None:
    declare(slots={"header": f"{__name__}.careless"})
    assert fill_slot(RequestFactory().get("/"), "header") == "&lt;script&gt;"


def test_a_slot_that_nobody_fills_is_empty(declare: Any) -> None:
    declare()
    assert fill_slot(RequestFactory().get("/"), "product.buy", sku="A") == ""


@pytest.mark.urls(__name__)
def test_the_navigation_is_in_its_order(declare: Any) -> None:
    declare(
        nav=[
            {"label": "Last", "url": "second", "order": 90},
            {"label": "First", "url": "first", "order": 10},
        ]
    )
    assert navigation() == [
        {"label": "First", "href": "/first/"},
        {"label": "Last", "href": "/second/"},
    ]


@pytest.mark.parametrize(
    "bad", ["shop.tests.nowhere.buy", f"{__name__}.missing", f"{__name__}.USED"]
)
def test_a_slot_that_leads_to_no_function_refuses_to_start(declare: Any, bad: str) -> None:
    declare(slots={"product.buy": bad})
    [problem] = check_slots(None)
    assert problem.id == "shop.E001"
    assert bad in problem.msg


@pytest.mark.urls(__name__)
def test_an_entry_that_leads_nowhere_refuses_to_start(declare: Any) -> None:
    declare(nav=[{"label": "Sale", "url": "sale:list", "order": 1}])
    [problem] = check_navigation(None)
    assert problem.id == "shop.E002"
    assert "'Sale'" in problem.msg


def test_what_the_apps_declare_is_sound() -> None:
    assert check_slots(None) == []
    assert check_navigation(None) == []


def test_home_leads_to_the_first_page(declare: Any, client: Client) -> None:
    declare(nav=[{"label": "Health", "url": "healthz", "order": 5}])
    assert client.get("/").headers["Location"] == "/healthz"


@pytest.mark.django_db
def test_the_first_page_is_what_the_apps_put_there(client: Client) -> None:
    page = client.get("/").content.decode()
    assert "Nothing is for sale here yet." in page
    assert '<a class="button" href="/products/">See everything</a>' in page


def test_home_leads_to_the_api_where_no_page_is_served(declare: Any, client: Client) -> None:
    declare()
    assert client.get("/").headers["Location"] == "/api/v1/"


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("12.5", "EUR", "€12.50"), ("1234.5", "", "€1,234.50"), ("3", "DKK", "DKK 3.00")],
)
def test_money_has_two_decimals_and_its_currency(amount: str, currency: str, shown: str) -> None:
    assert money(amount, currency) == shown
