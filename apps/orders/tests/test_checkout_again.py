"""The checkout backwards, twice, in two windows, and when something has changed meanwhile."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from apps.orders import operations
from apps.orders.drafts import KEY
from apps.orders.events import SweepDue
from apps.orders.models import Order
from apps.orders.tests.checkouts import (
    CONTACT,
    SLOTS,
    START,
    STEPS,
    begin,
    come_to,
    kept,
    path_of_order,
    place,
    shown,
)
from apps.orders.tests.factories import CART_TOKEN, PriceFactory, decline, place_with, quote
from apps.orders.tests.factories import place as place_an_order
from eventbus import publish
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _filled(fill_slots):
    fill_slots(SLOTS)


def end_quotes(monkeypatch):
    """Time goes on until every quote has expired."""
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr("apps.orders.queries.timezone.now", lambda: later)


def test_the_button_twice_makes_one_order_and_going_back_leads_there(guest):
    come_to(guest, "review")
    form = shown(guest)
    first, second = place(guest, form), place(guest, form)
    assert first.status_code == second.status_code == 303
    assert first["Location"] == second["Location"] == path_of_order()
    for url in [START, "/orders/place/", *STEPS.values()]:
        assert guest.get(url)["Location"] == path_of_order()
    assert guest.post(STEPS["payment"], {"payment_method": "pm_2"})["Location"] == path_of_order()
    assert begin(guest, form["quote"])["Location"] == path_of_order()
    assert len(published("orders.created")) == 1


def test_a_window_that_was_left_open_leads_to_the_order_of_its_quote(guest):
    """Also when the draft is there again: of two answers at once the later session counts."""
    come_to(guest, "review")
    draft = kept(guest)
    place(guest)
    session = guest.session
    session[KEY] = draft
    session.save()
    assert guest.get(STEPS["review"])["Location"] == path_of_order()
    assert {name for name, value in kept(guest).items() if value} == {"placed"}


def test_the_next_checkout_begins_with_nothing_of_the_last(guest):
    come_to(guest, "review")
    place(guest)
    assert begin(guest)["Location"] == STEPS["address"]
    assert {name for name, value in kept(guest).items() if value} == {"quote"}
    assert guest.get(STEPS["address"]).status_code == 200


def test_an_old_form_orders_nothing_while_the_next_checkout_is_under_way(guest):
    come_to(guest, "review")
    form = shown(guest)
    place(guest, form)
    come_to(guest, "payment")
    draft = kept(guest)
    assert place(guest, form)["Location"] == path_of_order()
    assert kept(guest) == draft


def test_a_declined_order_can_be_begun_anew(guest):
    token = come_to(guest, "review")
    place(guest)
    decline(Order.objects.get())
    drain()
    assert guest.get(STEPS["review"])["Location"] == path_of_order()
    assert begin(guest, token)["Location"] == path_of_order()
    come_to(guest, "review")
    assert "/orders/" in place(guest)["Location"]
    assert Order.objects.count() == 2


@pytest.mark.parametrize(
    ("step", "fields"),
    [
        ("address", CONTACT | {"city": "Altona"}),
        ("shipping", {"quote": "express"}),
        ("payment", {"payment_method": "pm_2"}),
    ],
)
def test_what_another_window_changed_is_shown_before_it_is_ordered(guest, step, fields):
    come_to(guest, "review")
    form = shown(guest)
    if step == "shipping":
        fields = {"quote": quote(shipping_method="express")}
    guest.post(STEPS[step], fields)
    answer = place(guest, form)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert not Order.objects.exists()
    assert place(guest)["Location"] == path_of_order()
    order = Order.objects.get()
    now = {
        "address": order.city,
        "shipping": order.shipping_method,
        "payment": order.payment_method,
    }
    assert now[step] == {"address": "Altona", "shipping": "express", "payment": "pm_2"}[step]


def test_another_quote_of_the_cart_keeps_what_was_typed(guest):
    cart = uuid4()
    come_to(guest, "review", token=quote(cart_id=cart))
    more = quote(cart_id=cart, cart_version=4, shipping_method="express")
    assert begin(guest, more)["Location"] == STEPS["review"]
    assert (kept(guest)["contact"], kept(guest)["payment_method"]) == (CONTACT, "pm_1")
    abroad = quote(cart_id=cart, cart_version=4, country="FR")
    assert begin(guest, abroad)["Location"] == STEPS["shipping"]
    html = guest.get(STEPS["shipping"]).content.decode()
    assert "was for France, and this goes to Germany" in html
    place(guest, {"quote": abroad, "seen": "x"})
    assert not Order.objects.exists()


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


@pytest.mark.parametrize("url", [START, "/orders/place/"])
@pytest.mark.parametrize(
    ("token", "text"),
    [
        (lambda: "nonsense", "not an offer of ours"),
        (lambda: quote(owner="user:1"), "made to another cart"),
    ],
)
def test_a_refused_offer_is_a_friendly_page_and_changes_nothing(guest, url, token, text):
    come_to(guest, "review")
    draft = kept(guest)
    answer = guest.post(url, {"quote": token()})
    assert answer.status_code == 409
    assert text in answer.content.decode()
    assert (kept(guest), Order.objects.exists()) == (draft, False)


def test_a_cart_being_ordered_links_to_its_order(guest):
    cart = uuid4()
    come_to(guest, "review", token=quote(cart_id=cart, cart_version=2))
    form = shown(guest)
    order = place_an_order(cart_id=cart, cart_version=1)
    for answer in (begin(guest, quote(cart_id=cart, cart_version=3)), place(guest, form)):
        assert answer.status_code == 409
        assert f"/orders/{order.pk}/" in answer.content.decode()
    assert kept(guest)["contact"] == CONTACT
    assert Order.objects.count() == 1


def test_an_order_from_elsewhere_of_the_same_quote_ends_the_checkout(guest):
    place_with(come_to(guest, "payment"))
    answer = guest.post(STEPS["payment"], {"payment_method": "pm_1"})
    assert answer["Location"] == path_of_order()


def test_signing_in_meanwhile_keeps_what_was_typed_and_asks_for_the_cart_and_the_card(guest, user):
    come_to(guest, "review")
    form = shown(guest)
    guest.force_login(user)
    assert guest.get(STEPS["review"])["Location"] == STEPS["shipping"]
    assert "Your cart is not as it was" in guest.get(STEPS["shipping"]).content.decode()
    assert place(guest, form).status_code == 409
    mine = quote(owner=f"user:{user.pk}")
    assert guest.post(STEPS["shipping"], {"quote": mine})["Location"] == STEPS["payment"]
    assert kept(guest)["contact"] == CONTACT
    guest.post(STEPS["payment"], {"payment_method": "pm_2"})
    place(guest)
    assert Order.objects.get().owner == f"user:{user.pk}"
    guest.logout()
    assert "Please start from your cart" in guest.get(STEPS["review"]).content.decode()


def test_a_checkout_is_of_its_browser(guest):
    come_to(guest, "review")
    form = shown(guest)
    other = Client()
    assert "Please start from your cart" in other.get(STEPS["review"]).content.decode()
    assert place(other, form).status_code == 409
    other.cookies["cart_token"] = CART_TOKEN  # the same cart elsewhere, where nothing was typed
    assert "Please start from your cart" in place(other, form).content.decode()
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "junk",
    [
        None,
        7,
        "x",
        [],
        {"quote": 1},
        {"quote": "signed", "contact": "Ann"},
        {"quote": "signed", "contact": {"email": "ann@example.com"}},
        {"quote": "signed", "contact": CONTACT | {"postcode": "x" * 500}},
        {"quote": "signed", "contact": CONTACT | {"country": "XX"}, "payment_method": "x" * 500},
        {"quote": "signed", "placed": "not an id"},
    ],
    ids=str,
)
def test_what_is_no_good_in_the_session_counts_as_not_there(guest, junk):
    session = guest.session
    session[KEY] = junk
    session.save()
    for url in [START, "/orders/place/", *STEPS.values()]:
        assert guest.get(url).status_code in (200, 303)
    assert place(guest, {"quote": quote(), "seen": "x"}).status_code in (200, 303)
    assert not Order.objects.exists()
    come_to(guest, "review")
    assert place(guest)["Location"] == path_of_order()


def test_what_was_left_is_forgotten_when_its_session_has_ended(guest):
    come_to(guest, "review")
    key = guest.session.session_key
    Session.objects.create(session_key="left", session_data="", expire_date=timezone.now())
    publish(SweepDue(at=timezone.now()), key="sweep")
    drain()
    assert list(Session.objects.values_list("pk", flat=True)) == [key]
    assert guest.get(STEPS["review"]).status_code == 200
