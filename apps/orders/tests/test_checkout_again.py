"""The checkout backwards, twice, in two windows, by others, and with a session that is no good."""

from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

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
from apps.orders.tests.factories import CART_TOKEN, decline, place_with, quote
from apps.orders.tests.factories import place as place_an_order
from eventbus import publish
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _filled(fill_slots):
    fill_slots(SLOTS)


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
    assert "with delivery to France, and this goes to Germany" in html
    place(guest, {"quote": abroad, "seen": "x"})
    assert not Order.objects.exists()


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


@pytest.mark.parametrize(
    ("step", "junk"),
    [
        ("address", {"contact": CONTACT | {"postcode": "x" * 500}}),
        ("address", {"contact": CONTACT | {"country": "XX"}}),
        ("payment", {"payment_method": "x" * 500}),
    ],
)
def test_what_would_not_be_taken_today_is_asked_for_again(guest, step, junk):
    come_to(guest, "review")
    form = shown(guest)
    session = guest.session
    session[KEY] |= junk
    session.save()
    assert guest.get(STEPS["review"])["Location"] == STEPS[step]
    assert place(guest, form)["Location"] == STEPS[step]
    assert not Order.objects.exists()


def test_what_was_left_is_forgotten_when_its_session_has_ended(guest):
    come_to(guest, "review")
    key = guest.session.session_key
    Session.objects.create(session_key="left", session_data="", expire_date=timezone.now())
    publish(SweepDue(at=timezone.now()), key="sweep")
    drain()
    assert list(Session.objects.values_list("pk", flat=True)) == [key]
    assert guest.get(STEPS["review"]).status_code == 200
