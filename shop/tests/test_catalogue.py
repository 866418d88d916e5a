"""What the catalogue tells reaches the cart, and what orders tell reaches the catalogue."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.products import operations
from apps.products.models import Product, Review
from eventbus.testing import drain
from shop.invariants import violations
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT = {"email": "ada@example.com", "password": "an analytical engine"}
WORDS = {"rating": 5, "title": "Good", "text": "It holds tea."}


def signed_in() -> Shopper:
    ada = Shopper()
    assert ada.ask("POST", "users/", ACCOUNT).status == 201
    token = ada.ask("POST", "users/token/", ACCOUNT).body["access"]
    ada.headers["Authorization"] = f"Bearer {token}"
    return ada


def reviews(of: Shopper) -> list[dict[str, Any]]:
    return list(of.get("products/mug/reviews/")["results"])


@pytest.mark.parametrize("seed", range(3))
def test_only_who_has_bought_it_reviews_it(seed: int) -> None:
    sku, ada, path = ArticleFactory(slug="mug"), signed_in(), "products/mug/reviews/"
    assert ada.ask("POST", path, WORDS).body["code"] == "not_bought"
    order = ada.buy(sku)
    assert ada.ask("POST", path, WORDS).status == 403
    drain(seed=seed)
    assert ada.status(order) == "CONFIRMED"
    assert ada.ask("POST", path, WORDS).status == 201
    assert operations.approve_review(review=Review.objects.get().pk, by="user:1")
    assert [review["rating"] for review in reviews(ada)] == [5]
    assert ada.get("products/mug/")["rating"] == {"average": "5.0", "count": 1}

    assert ada.cancel(order).status == 200
    drain(seed=seed)
    assert reviews(ada) == []
    assert ada.ask("POST", path, WORDS).status == 403
    assert violations() == []


def test_a_sale_is_paid_while_it_runs_and_not_after() -> None:
    sku, now = ArticleFactory(slug="mug", price=Decimal("10.00"), units=9), timezone.now()
    ada = Shopper()
    end = now + timedelta(hours=1)
    sale = operations.save_price_list(name="Autumn", starts_at=now, ends_at=end)
    operations.set_sale_price(price_list=sale.pk, sku=sku, price=Decimal("8.00"))
    drain()
    order = ada.buy(sku)
    drain()
    assert ada.look(order)["subtotal"] == "8.00"
    assert ada.status(order) == "CONFIRMED"

    ada.add(sku)
    old = ada.quote()
    drain(now=end)
    answer = ada.order(old, ada.card())
    assert (answer.status, answer.body["code"]) == (409, "price_changed")
    changes = ada.ask("POST", "cart/quote/", {"country": "DE"}).body["changes_id"]
    assert ada.ask("POST", "cart/accept/", {"changes_id": changes}).status == 200
    order = ada.check_out()
    drain()
    assert ada.look(order)["subtotal"] == "10.00"
    assert not Product.objects.get().on_sale
    assert violations() == []
