"""How a guest comes back to an order: by a link that works once it is opened, and nobody else."""

import logging
from uuid import uuid4

import pytest
from django.test import Client
from rest_framework.test import APIClient

from apps.orders.access import access_token
from apps.orders.models import Order
from apps.orders.tests.factories import decline, place
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


def page(order, tail=""):
    return f"/orders/{order.pk}/{tail}"


def test_the_token_is_in_no_page_no_log_and_no_referrer(caplog):
    order, client = place(), Client()
    token = access_token(order.pk)
    with caplog.at_level(logging.DEBUG):
        answer = client.get(page(order), {"token": token})
        html = client.get(page(order)).content.decode()
        assert client.get(page(order), {"token": token + "x"}).status_code == 404
    assert answer["Location"] == page(order)
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer["Cache-Control"]
    assert token not in html
    assert token not in caplog.text


def test_the_pages_are_in_no_search_engine_and_no_cache(guest):
    order = place()
    for tail in ("", "timeline/"):
        answer = guest.get(page(order, tail))
        assert answer["X-Robots-Tag"] == "noindex"
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == "same-origin"  # a form's POST is checked by it
    assert '<meta name="robots" content="noindex">' in guest.get(page(order)).content.decode()


def test_the_cookie_opens_this_order_only_and_scripts_cannot_read_it():
    order, other, client = place(), place(), Client()
    client.get(page(order), {"token": access_token(order.pk)})
    cookie = client.cookies[f"order_{order.pk.hex}"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", page(order))
    assert client.get(page(order)).status_code == 200
    assert client.get(page(other)).status_code == 404
    client.cookies[f"order_{other.pk.hex}"] = access_token(order.pk)
    assert client.get(page(other)).status_code == 404


@pytest.mark.parametrize("wrong", ["", "wrong", "é", "\x00", "a" * 10_000, "another order's"])
def test_a_wrong_token_is_404_whoever_sends_it(wrong):
    order = place()
    if wrong == "another order's":
        wrong = access_token(place().pk)
    assert Client().get(page(order), {"token": wrong}).status_code == 404
    header = {"HTTP_ORDER_TOKEN": wrong}
    for tail in ("", "timeline/"):
        assert APIClient().get(f"/api/v1{page(order, tail)}", **header).status_code == 404
    for tail in ("cancel/", "retry/"):
        body = {"payment_method": "pm_1"}
        assert APIClient().post(f"/api/v1{page(order, tail)}", body, **header).status_code == 404
    assert set(Order.objects.values_list("status", flat=True)) == {"PENDING"}


def test_an_order_that_never_was_looks_like_one_of_somebody_else():
    there, nowhere = place(), Order(pk=uuid4())
    answers = [APIClient().get(f"/api/v1{page(order)}") for order in (there, nowhere)]
    assert answers[0].status_code == answers[1].status_code == 404
    assert answers[0].json() == answers[1].json()


def test_who_sees_a_failed_order_may_follow_it_to_the_one_that_paid_it_again():
    failed, client = place(), Client()
    decline(failed)
    drain()
    client.get(page(failed), {"token": access_token(failed.pk)})
    client.post(page(failed, "retry/"), {"payment_method": "pm_2"})
    paid = Order.objects.get(retry_of=failed.pk)
    by_mail = Client()
    by_mail.get(page(failed), {"token": access_token(failed.pk)})
    html = by_mail.get(page(failed)).content.decode()
    assert f'href="{page(paid)}"' in html
    assert access_token(paid.pk) not in html
    assert by_mail.get(page(paid)).status_code == 200
