"""No page asks the database more often when there is more to show, and none asks too often."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.cart.tests.factories import CouponFactory
from apps.products.models import Product, Review
from apps.products.tests.factories import ReviewFactory
from apps.users.tests.factories import AddressFactory
from eventbus.testing import drain
from shop.tests.cards import GOOD
from shop.tests.factories import ArticleFactory
from shop.tests.forms import Visitor
from shop.tests.shopper import ADDRESS, Shopper

pytestmark = pytest.mark.django_db(transaction=True)
MOST = 12  # statements of a page
CATALOGUE_MOST = {"/products/": 2, "/products/c/things/": 2, "/products/first/": 3}
SESSION_AND_CART = 3  # the session, who that is, and the units in the cart's link
ACCOUNT = {"email": "ada@example.com", "password": "an analytical engine"}
STEPS = ("address", "shipping", "payment", "review")
TYPED = {
    "address": {"email": ACCOUNT["email"], "line2": ""} | ADDRESS,
    "payment": {"card_number": GOOD, "card_expiry": "12/35", "card_cvc": "123"},
}
PAGES = (
    *CATALOGUE_MOST,
    "/products/?q=thing&sort=price",
    "/products/first/reviews/",
    "/products/sitemap.xml?from=00000000-0000-0000-0000-000000000000",
    "/cart/",
    "/orders/",
    "/users/me/",
    "/users/me/addresses/",
    "/notifications/preferences/",
    "/notifications/mailbox/",
)


@pytest.fixture
def ada(settings: Any) -> Shopper:
    """A customer who reads her mails in the mailbox page."""
    settings.MAILBOX_PAGE = True
    settings.EMAIL_BACKEND = "apps.notifications.mailbox.MailboxBackend"
    shopper = Shopper()
    shopper.ask("POST", "users/", ACCOUNT)
    token = shopper.ask("POST", "users/token/", ACCOUNT).body["access"]
    shopper.headers["Authorization"] = f"Bearer {token}"
    ArticleFactory(slug="first")
    return shopper


def grow(ada: Shopper, *, by: int) -> str:
    """So many more articles, each reviewed, in the cart and in one order; as many orders, mails
    and addresses. The id of the last order."""
    skus = [ArticleFactory() for _ in range(by)]
    first = Product.objects.get(slug="first")
    for sku in skus:
        order = ada.buy(sku)
        AddressFactory(user=get_user_model().objects.get())
        ReviewFactory(product=first, status=Review.Status.APPROVED)
        drain()
    for sku in skus:
        ada.add(sku)
    order = ada.check_out()
    drain()
    for sku in skus:
        ada.add(sku)
    return order


def count(act: Callable[[], Any]) -> int:
    """Statements of the second time, when what a process keeps is there; it must succeed."""
    assert act().status_code == 200
    with CaptureQueriesContext(connection) as queries:
        assert act().status_code == 200
    return len(queries)


def to_review(visitor: Visitor) -> None:
    """From the cart through the steps that are not done yet."""
    visitor.open("/cart/")
    visitor.press("Checkout")
    for step in STEPS:
        if visitor.at == f"/orders/checkout/{step}/" and step != "review":
            visitor.press("Continue", **TYPED.get(step, {}))
    if visitor.at == "/payments/card/":  # where it is confirmed without scripts
        visitor.press("Continue")
    assert visitor.at == "/orders/checkout/review/"


def counts(client: Client, order: str) -> dict[str, int]:
    """Of every page, by its address; with a coupon in the cart."""
    client.post("/cart/coupon/", {"code": "TEN"})
    assert "Coupon TEN" in client.get("/cart/").text
    found = {path: count(lambda path=path: client.get(path)) for path in PAGES}
    found["order"] = count(lambda: client.get(f"/orders/{order}/"))
    to_review(Visitor(client))
    for step in STEPS:
        found[step] = count(lambda step=step: client.get(f"/orders/checkout/{step}/"))
    return found


def test_a_page_with_more_on_it_takes_no_more_statements(ada: Shopper, client: Client) -> None:
    CouponFactory(code="TEN")
    client.force_login(get_user_model().objects.get())
    few = counts(client, grow(ada, by=1))
    many = counts(client, grow(ada, by=4))
    assert many == few
    assert {path: number for path, number in many.items() if number > MOST} == {}
    for path, most in CATALOGUE_MOST.items():
        assert many[path] <= most + SESSION_AND_CART, path


def test_a_guests_catalogue_takes_what_it_may(client: Client) -> None:
    ArticleFactory(slug="first")
    found = {path: count(lambda path=path: client.get(path)) for path in CATALOGUE_MOST}
    assert {path: number for path, number in found.items() if number > CATALOGUE_MOST[path]} == {}
