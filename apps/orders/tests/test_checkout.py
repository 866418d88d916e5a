"""The steps of the checkout, forwards."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.utils.html import format_html

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
from apps.orders.tests.factories import quote
from eventbus.testing import published

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _filled(fill_slots):
    fill_slots(SLOTS)


@pytest.fixture
def customer(client, user):
    user.email = "ann@example.com"
    user.save()
    client.force_login(user)
    client.owner = f"user:{user.pk}"
    return client


def test_the_cart_page_gets_a_way_to_the_checkout():
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    html = Template('{% slot "cart.checkout" quote=quote %}').render(
        Context({"request": request, "quote": "signed"})
    )
    assert 'action="/orders/checkout/"' in html
    assert 'name="quote" value="signed"' in html
    assert '<input name="city" value="Hamburg">' in html  # of whoever fills that slot


def test_each_step_leads_to_the_next_and_the_last_one_to_the_order(guest):
    token, express = quote(), quote(shipping_method="express")
    assert begin(guest, token)["Location"] == STEPS["address"]
    assert guest.post(STEPS["address"], CONTACT)["Location"] == STEPS["shipping"]
    assert guest.post(STEPS["shipping"], {"quote": express})["Location"] == STEPS["payment"]
    answer = guest.post(STEPS["payment"], {"payment_method": "pm_1"})
    assert (answer.status_code, answer["Location"]) == (303, STEPS["review"])
    assert not Order.objects.exists()
    answer = place(guest)
    order = Order.objects.get()
    assert (answer.status_code, answer["Location"]) == (303, path_of_order())
    assert {name: getattr(order, name) for name in CONTACT} == CONTACT
    assert (order.shipping_method, order.payment_method) == ("express", "pm_1")
    cookie = answer.cookies[f"order_{order.pk.hex}"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert cookie["path"] == path_of_order()
    assert len(published("orders.created")) == 1
    assert {name for name, value in kept(guest).items() if value} == {"placed"}


def test_the_review_shows_all_that_is_ordered_and_leads_to_each_step(guest):
    come_to(guest, "review")
    html = guest.get(STEPS["review"]).content.decode()
    for text in ("2 × Oak tray", "€19.90 each", "€44.90", "€4.90", "−€4.80", "€7.16", "Standard"):
        assert text in html
    for text in ("Ann Lee", "Floor 2", "Germany", "ann@example.com", "<i>card of pm_1</i>"):
        assert text in html
    for step in ("address", "shipping", "payment"):
        assert f'<a href="{STEPS[step]}">Edit<span' in html
    assert "Place order · €44.90" in html
    assert 'href="/legal/terms/"' in html.split('action="/orders/place/"')[1].split("<button")[0]


@pytest.mark.parametrize(("name", "url"), STEPS.items())
def test_a_step_says_which_it_is_and_is_nobody_elses(guest, name, url):
    come_to(guest, "review")
    answer = guest.get(url)
    html = answer.content.decode()
    number = list(STEPS).index(name) + 1
    assert f"<title>{name.title()} – Checkout, step {number} of 4 – " in html
    assert html.count('aria-current="step"') == 1
    assert f'<li aria-current="step"><span>{name.title()}</span>' in html
    for other in set(STEPS) - {name}:  # all before the review is done
        assert f'<a href="{STEPS[other]}">' in html
    assert answer["X-Robots-Tag"] == "noindex"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("come", ["address", "shipping", "payment"])
def test_a_step_opened_too_early_leads_to_the_first_that_is_missing(guest, come):
    come_to(guest, come)
    later = list(STEPS)[list(STEPS).index(come) + 1 :]
    for url in [START, "/orders/place/", *(STEPS[name] for name in later)]:
        answer = guest.get(url)
        assert (answer.status_code, answer["Location"]) == (303, STEPS[come])
    html = guest.get(STEPS[come]).content.decode()
    assert html.count('class="done"') == list(STEPS).index(come)


def test_without_a_checkout_one_is_led_to_the_cart(guest, fill_slots):
    fill_slots({"cart.link": f"{__name__}.way_back"})
    for url in [START, "/orders/place/", *STEPS.values()]:
        html = guest.get(url).content.decode()
        assert "Please start from your cart" in html
        assert "<i>way back</i>" in html
    for url in [START, "/orders/place/", *list(STEPS.values())[:3]]:
        fields = CONTACT | {"payment_method": "pm_1"}
        assert "Please start from your cart" in guest.post(url, fields).content.decode()
    assert guest.post("/orders/place/", {"quote": quote()}).status_code == 200
    assert (kept(guest), Order.objects.exists()) == ({}, False)


def way_back(request):
    return format_html("<i>{}</i>", "way back")


@pytest.mark.parametrize("field", ["email", "name", "line1", "postcode", "city", "country"])
def test_a_missing_field_shows_the_form_again_with_what_was_typed(guest, field):
    begin(guest)
    answer = guest.post(STEPS["address"], CONTACT | {field: ""})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error: Address – " in html
    assert '<p class="notice error" role="alert">Please correct the field that is marked' in html
    wrong = html.split(f'name="{field}"')[1].split(">")[0]
    assert " autofocus" in wrong
    assert f'aria-describedby="id_{field}_error"' in wrong
    assert f'id="id_{field}_error">This field is required.' in html
    assert html.count(" autofocus") == 1
    assert ("Quay 1" in html) is (field != "line1")
    assert kept(guest)["contact"] is None


@pytest.mark.parametrize("value", ["\x00", "x" * 500, "é\U0001f600" * 300])
@pytest.mark.parametrize("field", ["email", "name", "line2", "postcode", "country"])
def test_junk_in_the_address_shows_it_again(guest, field, value):
    begin(guest)
    assert guest.post(STEPS["address"], CONTACT | {field: value}).status_code == 422
    assert kept(guest)["contact"] is None


@pytest.mark.parametrize("value", ["", "\x00", "x" * 201])
def test_without_a_card_the_payment_is_asked_for_again(guest, value):
    come_to(guest, "payment")
    answer = guest.post(STEPS["payment"], {"payment_method": value})
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert kept(guest)["payment_method"] == ""


@pytest.mark.parametrize("token", ["", "nonsense", "of another"])
def test_without_a_choice_of_ours_the_shipping_is_asked_for_again(guest, token):
    come_to(guest, "shipping")
    before = kept(guest)
    token = quote(owner="user:1") if token == "of another" else token
    answer = guest.post(STEPS["shipping"], {"quote": token})
    assert answer.status_code == 422
    assert "Please choose how it shall reach you." in answer.content.decode()
    assert kept(guest) == before


def test_the_steps_of_others_get_what_they_need(guest):
    come_to(guest, "shipping")
    html = guest.get(STEPS["shipping"]).content.decode()
    assert f"<i>ways to DE, standard so far, {STEPS['address']}</i>" in html
    come_to(guest, "payment")
    again = f"else {STEPS['payment']}?another=1</i>"
    card = f"card asked for {STEPS['payment']}, {again}"
    assert card in guest.get(STEPS["payment"]).content.decode()
    guest.post(STEPS["payment"], {"payment_method": "pm_1"})
    html = guest.get(STEPS["payment"]).content.decode()
    assert card.replace("asked", "pm_1") in html
    assert card in guest.get(STEPS["payment"], {"another": "1"}).content.decode()


def test_a_card_that_is_not_kept_any_more_is_asked_for_before_ordering(guest):
    come_to(guest, "payment")
    guest.post(STEPS["payment"], {"payment_method": "pm_spent"})
    html = guest.get(STEPS["review"]).content.decode()
    assert "Please enter it once more" in html
    assert "Place order" not in html


def test_a_corrected_step_leads_back_to_the_review(guest):
    token = come_to(guest, "review")
    for step, fields in {
        "address": CONTACT | {"city": "Altona"},
        "shipping": {"quote": token},
        "payment": {"payment_method": "pm_2"},
    }.items():
        assert guest.post(STEPS[step], fields)["Location"] == STEPS["review"]
    place(guest)
    order = Order.objects.get()
    assert (order.city, order.payment_method) == ("Altona", "pm_2")


def test_who_is_signed_in_types_no_mail_and_may_take_a_saved_address(customer):
    begin(customer, quote(owner=customer.owner))
    html = customer.get(STEPS["address"]).content.decode()
    assert 'value="ann@example.com"' in html
    assert f'<form id="saved" method="post" action="{STEPS["address"]}">' in html
    saved = {name: value for name, value in CONTACT.items() if name != "email"}
    assert customer.post(STEPS["address"], saved)["Location"] == STEPS["shipping"]
    assert kept(customer)["contact"] == CONTACT


@pytest.mark.parametrize(("country", "step"), [("DE", "payment"), ("FR", "shipping")])
def test_a_default_address_is_chosen_already_and_where_it_was_priced_for_the_shipping_too(
    customer, country, step
):
    saved = CONTACT | {"country": country}
    answer = begin(customer, quote(owner=customer.owner), **saved)
    assert answer["Location"] == STEPS[step]
    assert kept(customer)["contact"] == saved
    typed = CONTACT | {"city": "Altona"}
    customer.post(STEPS["address"], typed)
    begin(customer, quote(owner=customer.owner), **saved)  # what was typed stays
    assert kept(customer)["contact"] == typed


def test_a_default_address_that_is_no_good_is_left_out(customer):
    token = quote(owner=customer.owner)
    assert begin(customer, token, **CONTACT | {"line1": ""})["Location"] == STEPS["address"]


def test_guests_have_no_default_address(guest):
    assert begin(guest, **CONTACT)["Location"] == STEPS["address"]
    assert kept(guest)["contact"] is None


def test_the_form_begins_with_the_country_that_the_cart_was_priced_for(guest):
    begin(guest, quote(country="FR"))
    assert '<option value="FR" selected>' in guest.get(STEPS["address"]).content.decode()


def test_what_is_placed_was_seen(guest):
    come_to(guest, "review")
    fields = shown(guest)
    for wrong in ({"seen": ""}, {"seen": fields["seen"][:-1] + "x"}):
        answer = place(guest, fields | wrong)
        assert answer.status_code == 409
        assert "Please check it once more." in answer.content.decode()
    assert not Order.objects.exists()
