"""What changes while somebody checks out: the country, the time, the prices."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.checkouts import (
    CONTACT,
    SLOTS,
    STEPS,
    begin,
    come_to,
    kept,
    path_of_order,
    place,
    shown,
)
from apps.orders.tests.factories import PriceFactory, quote

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _filled(fill_slots):
    fill_slots(SLOTS)


def end_quotes(monkeypatch):
    """Time goes on until every quote has expired."""
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr("apps.orders.queries.timezone.now", lambda: later)


def test_another_country_asks_for_the_shipping_again(guest):
    come_to(guest, "review")
    answer = guest.post(STEPS["address"], CONTACT | {"country": "FR"})
    assert answer["Location"] == STEPS["shipping"]
    assert "<i>ways to FR, standard so far" in guest.get(STEPS["shipping"]).content.decode()
    german = {"quote": kept(guest)["quote"], "seen": "x"}
    assert place(guest, german)["Location"] == STEPS["shipping"]
    assert guest.post(STEPS["shipping"], {"quote": quote()})["Location"] == STEPS["shipping"]
    french = quote(country="FR")
    assert guest.post(STEPS["shipping"], {"quote": french})["Location"] == STEPS["review"]
    place(guest)
    assert Order.objects.get().country == "FR"


def test_an_expired_quote_is_chosen_anew_and_nothing_else(guest, monkeypatch):
    come_to(guest, "review")
    form = shown(guest)
    with monkeypatch.context() as later:
        end_quotes(later)
        assert place(guest, form)["Location"] == STEPS["shipping"]
        answer = guest.get(STEPS["shipping"])
    html = answer.content.decode()
    assert 'role="alert"' in html
    assert "We keep prices for a while, and that time is over" in html
    assert not Order.objects.exists()
    assert guest.post(STEPS["shipping"], {"quote": quote()})["Location"] == STEPS["review"]
    assert place(guest)["Location"] == path_of_order()


def test_a_card_that_comes_after_the_quote_expired_is_kept(guest, monkeypatch):
    come_to(guest, "payment")
    with monkeypatch.context() as later:
        end_quotes(later)
        answer = guest.post(STEPS["payment"], {"payment_method": "pm_1"})
    assert answer["Location"] == STEPS["shipping"]
    assert kept(guest)["payment_method"] == "pm_1"


def test_a_changed_price_is_told_and_not_ordered(guest):
    come_to(guest, "review")
    form = shown(guest)
    PriceFactory(version=2, price="21.00")
    assert place(guest, form)["Location"] == STEPS["shipping"]
    html = guest.get(STEPS["shipping"]).content.decode()
    assert "A price has changed" in html
    assert "Oak tray: was €19.90, is now €21.00" in html
    assert not Order.objects.exists()
    assert kept(guest)["contact"] == CONTACT


@pytest.mark.parametrize("changed", ["expired", "price"])
def test_what_changes_in_the_moment_of_ordering_orders_nothing(guest, monkeypatch, changed):
    """After it was looked at and before it is written."""
    come_to(guest, "review")
    form = shown(guest)
    real = operations.place_order

    def slow(**fields):
        if changed == "expired":
            end_quotes(monkeypatch)
        else:
            PriceFactory(version=2, price="21.00")
        return real(**fields)

    monkeypatch.setattr(operations, "place_order", slow)
    assert place(guest, form)["Location"] == STEPS["shipping"]
    assert not Order.objects.exists()


def test_an_old_page_of_the_cart_begins_a_checkout_all_the_same(guest):
    """Its quote has expired: the shipping step has a new one."""
    old = quote(expires_at="2026-01-01T00:00:00+00:00")
    assert begin(guest, old)["Location"] == STEPS["address"]
    assert guest.post(STEPS["address"], CONTACT)["Location"] == STEPS["shipping"]
    assert guest.post(STEPS["shipping"], {"quote": quote()})["Location"] == STEPS["payment"]
