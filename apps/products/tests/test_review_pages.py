"""Reviews on the pages and in the API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.throttling import SimpleRateThrottle
from uuid_utils.compat import uuid7

from apps.products import operations
from apps.products.api import pages
from apps.products.models import Product, Review
from apps.products.tests.factories import ReviewFactory, VariantFactory, buy

pytestmark = pytest.mark.django_db
ANN = uuid7()
FORM = {"rating": "5", "title": "Good", "text": "It holds tea.", "author": "Ann"}
WORDS = FORM | {"rating": 5}
API = "/api/v1/products/mug/reviews/"


@pytest.fixture
def mug():
    return VariantFactory(product__slug="mug", product__title="Mug", sku="MUG").product


@pytest.fixture
def signed_in(monkeypatch):
    """Every request is Ann's, whoever keeps the accounts."""
    monkeypatch.setattr("shop.middleware.owner_of", lambda request: f"user:{ANN}")


def approve_all():
    for review in Review.objects.all():
        operations.approve_review(review=review.pk, by="user:1")


def read(client, path="/products/mug/"):
    return client.get(path).content.decode()


# Pages ------------------------------------------------------------------------------------------
def test_a_product_shows_its_approved_reviews_and_their_average(client, mug):
    ReviewFactory(product=mug, rating=5, title="Splendid", status="approved", author="")
    ReviewFactory(product=mug, rating=2, title="Meh <b>", status="approved", author="Bo")
    ReviewFactory(product=mug, title="Waiting")
    ReviewFactory(product=mug, title="Spam", status="rejected")
    page = read(client)
    for words in ("Splendid", "A customer", "Meh &lt;b&gt;", "Bo", "3.5 of 5, 2 reviews"):
        assert words in page
    for words in ("Waiting", "Spam", "<b>", "Write a review"):
        assert words not in page
    assert (
        '"aggregateRating": {"@type": "AggregateRating", "ratingValue": "3.5", "reviewCount": 2}'
        in page
    )


def test_without_reviews_there_is_no_average(client, mug):
    page = read(client)
    assert "Nobody has reviewed it yet." in page
    assert "aggregateRating" not in page


def queries_of(client):
    """How many questions the page asks of the catalogue; not of sessions, nor other apps."""
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/products/mug/").status_code == 200
    return sum("products_" in query["sql"] for query in asked)


def test_a_product_page_costs_three_queries(client, mug):
    VariantFactory(product=mug, options={"Colour": "Blue", "Size": "M"})
    VariantFactory(product=mug, options={"Colour": "Red", "Size": "M"}, picture="mug-red")
    for _ in range(3):
        ReviewFactory(product=mug, status="approved")
    assert queries_of(client) == 3


def test_and_no_more_for_a_buyer(client, mug, signed_in):
    ReviewFactory(product=mug, status="approved")
    assert queries_of(client) == 3
    ReviewFactory(product=mug, customer_id=ANN)
    assert queries_of(client) == 3


def test_a_buyers_own_review_is_shown_in_its_place(client, mug, signed_in, monkeypatch):
    monkeypatch.setattr("apps.products.views.detail.REVIEWS_SHOWN", 2)
    ReviewFactory(product=mug, customer_id=ANN, title="Mine", status="approved")
    for n in range(2):
        ReviewFactory(product=mug, title=f"Title {n}", status="approved")
    shown = client.get("/products/mug/").context
    assert [review.title for review in shown["reviews"]] == ["Title 1", "Title 0"]
    assert shown["form"].initial["title"] == "Mine"
    page = read(client)
    assert "You may change it." in page
    assert "Write a review" not in page


def test_all_reviews_are_read_page_by_page(client, mug, monkeypatch):
    monkeypatch.setattr("apps.products.views.detail.REVIEWS_SHOWN", 1)
    monkeypatch.setattr("apps.products.views.detail.REVIEWS_A_PAGE", 2)
    for n in range(3):
        ReviewFactory(product=mug, title=f"Title {n}", status="approved")
    assert "All 3 reviews" in read(client)
    page = read(client, "/products/mug/reviews/")
    assert page.index("Title 2") < page.index("Title 1")
    assert "Title 0" in read(client, "/products/mug/reviews/?page=2")
    assert client.get("/products/none/reviews/").status_code == 404


def test_a_buyer_finds_the_form_and_what_they_wrote(client, mug, signed_in):
    assert "Write a review" not in read(client)
    buy(mug, customer=ANN)
    assert "Write a review" in read(client)
    answer = client.post("/products/mug/reviews/", FORM, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [("/products/mug/", 302)]
    assert "Your review is shown as soon as we have read it." in page
    assert "It holds tea." in page  # in the form alone
    assert "Nobody has reviewed it yet." in page
    assert Review.objects.values_list("author", "rating", "title", "text").get() == (
        "Ann",
        5,
        "Good",
        "It holds tea.",
    )


@pytest.mark.parametrize(
    "changes", [{"rating": "6"}, {"rating": ""}, {"title": " "}, {"text": ""}, {"text": "\0"}]
)
def test_a_form_that_is_wrong_comes_back_filled_in(client, mug, signed_in, changes):
    buy(mug, customer=ANN)
    answer = client.post("/products/mug/reviews/", FORM | changes)
    assert answer.status_code == 422
    assert '<a href="#write-a-review">look at it again</a>' in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()
    assert not Review.objects.exists()


def test_who_has_not_bought_it_is_told_so(client, mug, signed_in):
    page = client.post("/products/mug/reviews/", FORM, follow=True).content.decode()
    assert "Only customers who have bought it may review it." in page
    assert not Review.objects.exists()


def test_who_is_not_signed_in_is_asked_to(client, mug):
    answer = client.post("/products/mug/reviews/", FORM)
    assert (answer.status_code, answer.url) == (302, "/users/login/?next=/products/mug/")
    assert not Review.objects.exists()


def test_the_form_needs_its_token(mug):
    from django.test import Client

    assert Client(enforce_csrf_checks=True).post("/products/mug/reviews/", FORM).status_code == 403


def test_the_allowance_is_one_for_page_and_api(client, mug, signed_in, monkeypatch):
    rates = SimpleRateThrottle.THROTTLE_RATES | {"reviews": "2/hour"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    buy(mug, customer=ANN)
    assert client.post("/products/mug/reviews/", FORM).status_code == 302
    assert client.post(API, WORDS, "application/json").status_code == 200
    page = client.post("/products/mug/reviews/", FORM | {"title": "Third"})
    assert page.status_code == 429
    assert "That is a lot of reviews." in page.content.decode()
    answer = client.post(API, WORDS | {"title": "Fourth"}, "application/json")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert Review.objects.get().title == "Good"
    assert client.get(API).status_code == 200


# API --------------------------------------------------------------------------------------------
def test_reviews_are_written_and_read(client, mug, signed_in, django_assert_num_queries):
    buy(mug, customer=ANN)
    answer = client.post(API, WORDS, "application/json")
    assert answer.status_code == 201
    assert answer.json()["status"] == "pending"
    assert client.get(API).json()["results"] == []
    approve_all()
    with django_assert_num_queries(2):
        (found,) = client.get(API).json()["results"]
    review = Review.objects.get()
    assert found == {
        "id": str(review.pk),
        "author": "Ann",
        "rating": 5,
        "title": "Good",
        "text": "It holds tea.",
        "written_at": review.changed_at.isoformat().replace("+00:00", "Z"),
    }
    again = client.post(API, WORDS | {"rating": 1}, "application/json")
    assert (again.status_code, again.json()["status"]) == (200, "pending")
    assert client.get(API).json()["results"] == []
    assert Product.objects.get().rating_count == 0


def test_reviews_come_in_pages(client, mug, monkeypatch):
    monkeypatch.setattr(pages, "PAGE_SIZE", 2)
    for n in range(3):
        ReviewFactory(product=mug, title=f"{n}", status="approved")
    first = client.get(API).json()
    second = client.get(first["next"]).json()
    titles = [review["title"] for review in first["results"] + second["results"]]
    assert titles == ["2", "1", "0"]
    assert second["next"] is None
    assert client.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize(
    "changes",
    [
        *({"rating": 0}, {"rating": 6}, {"rating": "x"}, {"rating": None}, {"rating": True}),
        *({"rating": 10**30}, {"title": ""}, {"title": "x" * 121}, {"text": " "}),
        *({"text": "a\0"}, {"text": []}, {"author": None}, {"author": "x" * 61}),
    ],
)
def test_words_that_cannot_be_are_named(client, mug, signed_in, changes):
    buy(mug, customer=ANN)
    answer = client.post(API, WORDS | changes, "application/json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == set(changes)
    assert not Review.objects.exists()


def test_refusals(client, mug, signed_in, monkeypatch):
    answer = client.post(API, WORDS, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_bought")
    none = client.post("/api/v1/products/none/reviews/", WORDS, "application/json")
    assert none.status_code == 404
    monkeypatch.setattr("shop.middleware.owner_of", lambda request: "cart:" + "0" * 64)
    answer = client.post(API, WORDS, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert not Review.objects.exists()


def test_a_review_sent_to_an_old_address_is_sent_on(client, mug, signed_in):
    buy(mug, customer=ANN)
    operations.move_product(slug="mug", to="cup")
    answer = client.post(API, WORDS, "application/json")
    assert answer.status_code == 308
    assert answer["Location"] == reverse("products-api:reviews", args=["cup"])
    assert client.post(answer["Location"], WORDS, "application/json").status_code == 201
    page = client.post("/products/mug/reviews/", FORM)
    assert (page.status_code, page.url) == (308, "/products/cup/reviews/")
