"""The waiting list: on it, off it, told once."""

import re
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.urls import reverse

from apps.products import operations
from apps.products.leaving import leave_url
from apps.products.models import Availability, WaitingShopper
from apps.products.shoppers import WaitThrottle, subject_of
from apps.products.tests.factories import VariantFactory, WaitingShopperFactory
from eventbus.testing import drain, emit, published, redeliver

pytestmark = pytest.mark.django_db
ADA, SCRIPT = "ada@example.com", {"HX-Request": "true"}


@pytest.fixture
def gone(mug):
    """The mug is sold out."""
    mug.product.slug = "mug"
    mug.product.save()
    return Availability.objects.create(sku="MUG", available=0, version=1)


def page(response):
    return " ".join(response.content.decode().split())


def ask(client, email=ADA, sku="MUG", **more):
    return client.post(f"/products/waiting/{sku}/", {"email": email}, **more)


def stock(available, version, sku="MUG"):
    body = {"sku": sku, "available": available, "version": version}
    emit("inventory.stock_changed", body, key=sku)
    drain()


def waiting():
    return list(WaitingShopper.objects.values_list("sku", "email"))


def told():
    return [(fact["sku"], fact["email"]) for fact in published("products.back_in_stock")]


def test_who_waits_is_told_once_and_off_the_list(client, gone):
    ask(client)
    ask(client, "ben@example.com")
    stock(3, 2)
    assert (told(), waiting()) == ([("MUG", ADA), ("MUG", "ben@example.com")], [])
    fact = published("products.back_in_stock")[0]
    assert fact["url"] == "http://127.0.0.1:8080/products/mug/?sku=MUG"
    assert fact["title"].startswith("Product ")
    assert fact["subject"] == subject_of(customer_id=None, email=ADA)
    redeliver("inventory.stock_changed", key="MUG", subscriber="products")
    stock(0, 3)
    stock(4, 4)
    assert len(told()) == 2


@pytest.mark.parametrize("news", [(0, 2), (5, 1)], ids=["still sold out", "old news"])
def test_what_does_not_bring_it_back_tells_nobody(gone, news):
    WaitingShopperFactory(sku="MUG")
    stock(*news)
    assert (told(), len(waiting())) == ([], 1)


def test_nobody_is_told_of_what_is_not_for_sale_until_it_is(gone, mug):
    WaitingShopperFactory(sku="MUG", email=ADA)
    operations.deactivate(products=[mug.product_id])
    stock(5, 2)
    assert (told(), waiting()) == ([], [("MUG", ADA)])
    operations.activate(products=[mug.product_id])
    assert (told(), waiting()) == ([("MUG", ADA)], [])


def test_the_answer_is_the_same_for_who_is_on_the_list_already(client, gone):
    first = ask(client, follow=True)
    again = ask(client, "Ada@Example.COM ", follow=True)
    for answer in (first, again):
        assert answer.redirect_chain == [("/products/mug/?sku=MUG", 302)]
    words = [
        re.sub(r"leave/[\w:-]+/|value=\"[\w]{64}\"", "", page(answer)) for answer in (first, again)
    ]
    assert words[0] == words[1].replace("Ada@Example.COM", ADA)
    assert waiting() == [("MUG", ADA)]


def undo(answer):
    return re.search(r'action="(/products/waiting/leave/[^"]+)"', page(answer))[1]


def test_only_who_was_listed_by_this_answer_is_taken_off_by_it(client, gone):
    first, again = ask(client, follow=True), ask(client, follow=True)
    client.post(undo(again))  # made no row, so it takes off nobody
    assert waiting() == [("MUG", ADA)]
    client.post(undo(first))
    assert waiting() == []


def test_the_mails_link_leaves_every_list_and_a_look_at_it_leaves_none(client, mug):
    other = VariantFactory(sku="HAT")
    for sku in ("MUG", "HAT"):
        WaitingShopperFactory(sku=sku, email=ADA)
    WaitingShopperFactory(sku="HAT", email="ben@example.com")
    link = leave_url(subject=subject_of(customer_id=None, email=ADA))
    looked = page(client.get(link))
    assert mug.title in looked
    assert other.title in looked
    assert len(waiting()) == 3
    for _ in range(2):
        assert "You are on no waiting list" in page(client.post(link))
        assert waiting() == [("HAT", "ben@example.com")]


@pytest.mark.parametrize("token", ["x", "WyJhIiwiIl0:forged", "a:b:c"])
def test_a_forged_link_is_nowhere(client, token):
    WaitingShopperFactory()
    assert client.post(f"/products/waiting/leave/{token}/").status_code == 404
    assert len(waiting()) == 1


@pytest.mark.parametrize(
    ("email", "said"),
    [
        ("", "Please enter your e-mail address."),
        ("nobody", "Enter a valid email address."),
        ("a\x00@example.com", "Enter a valid email address."),
        (f"{'a' * 250}@example.com", "at most 254 characters"),
    ],
)
@pytest.mark.parametrize("headers", [{}, SCRIPT], ids=["page", "script"])
def test_no_address_is_refused_with_what_was_typed(client, gone, email, said, headers):
    answer = ask(client, email, headers=headers)
    assert (answer.status_code, waiting()) == (422, [])
    assert said in page(answer)
    assert 'aria-invalid="true" autofocus' in page(answer)
    assert ("<!doctype html>" in page(answer)) == (not headers)


def test_there_is_no_waiting_for_what_can_be_bought_or_is_not_sold(client, mug):
    for available in (None, 4):
        if available:
            Availability.objects.create(sku="MUG", available=available, version=1)
        assert "is in stock again" in page(ask(client, follow=True))
    assert ask(client, headers=SCRIPT)["HX-Redirect"].endswith("?sku=MUG")
    assert ask(client, sku="NONE").status_code == 404
    operations.deactivate(products=[mug.product_id])
    assert ask(client).status_code == 404
    assert waiting() == []


def test_a_client_has_so_many_addresses(client, gone, monkeypatch):
    cache.clear()
    monkeypatch.setattr(WaitThrottle, "rate", "2/hour", raising=False)
    assert [ask(client, f"{n}@example.com").status_code for n in range(3)] == [302, 302, 429]
    refused = ask(client)
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert "Please try again in an hour." in page(refused)
    assert len(waiting()) == 2


def test_the_page_offers_it_of_what_is_sold_out_only(client, gone, mug):
    form = "Tell me when it is back"
    assert form in page(client.get("/products/mug/"))
    Availability.objects.update(available=1)
    assert form not in page(client.get("/products/mug/"))


def test_who_is_signed_in_types_no_address_and_sees_that_they_wait(client, gone):
    user = get_user_model().objects.create_user("eve@example.com", "eve@example.com")
    client.force_login(user)
    assert 'value="eve@example.com"' in page(client.get("/products/mug/"))
    ask(client, "eve@example.com")
    (row,) = WaitingShopper.objects.all()
    shown = page(client.get("/products/mug/"))
    assert "We will write to eve@example.com once it is back." in shown
    client.post(undo(client.get("/products/mug/")))
    assert (row.email, waiting()) == ("eve@example.com", [])


def test_a_customers_wait_is_theirs():
    customer = uuid4()
    assert subject_of(customer_id=customer, email=ADA) == str(customer)


def test_staff_see_how_many_wait_for_what(admin_client):
    for sku, count in (("HAT", 1), ("MUG", 2)):
        WaitingShopperFactory.create_batch(count, sku=sku)
    listed = admin_client.get(reverse("admin:products_waitingshopper_changelist"))
    rows = listed.context["cl"].result_list
    assert [(row.sku, row.shoppers) for row in rows] == [("MUG", 2), ("MUG", 2), ("HAT", 1)]
    narrowed = admin_client.get(reverse("admin:products_waitingshopper_changelist"), {"sku": "HAT"})
    assert len(narrowed.context["cl"].result_list) == 1
