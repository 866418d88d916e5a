import json
from uuid import uuid4

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.models import TokenUser

from apps.orders import operations
from apps.orders.access import access_token
from apps.orders.models import IdempotencyKey, Order
from apps.orders.tests.factories import (
    CART_TOKEN,
    PriceFactory,
    decline,
    pay,
    place,
    quote,
    sell_out,
)
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/orders/"
ADDRESS = {
    "name": "Ann Lee",
    "line1": "Quay 1",
    "city": "Hamburg",
    "postcode": "20095",
    "country": "DE",
}


def body(token=None, **changes):
    fields = {
        "quote": token or quote(),
        "email": "ann@example.com",
        "shipping_address": ADDRESS,
        "payment_method": "pm_1",
    }
    return fields | changes


def guest():
    return APIClient(headers={"Cart-Token": CART_TOKEN})


def customer(user_id):
    client = APIClient()
    client.force_authenticate(TokenUser({"user_id": str(user_id)}))
    return client


def post(client, data, key="key-1", **headers):
    headers = {"Idempotency-Key": key} | headers
    # As ASCII, so that a lone surrogate travels too.
    return client.generic("POST", URL, json.dumps(data), "application/json", headers=headers)


def nothing_happened():
    return not Order.objects.exists() and not IdempotencyKey.objects.exists()


def test_a_guest_places_an_order_and_sees_it_by_token_alone():
    answer = post(guest(), body())
    assert answer.status_code == 201
    order = Order.objects.get()
    placed = answer.json()
    assert placed["id"] == str(order.pk)
    assert placed["status"] == "PENDING"
    assert placed["total"] == "44.90"
    assert placed["currency"] == "EUR"
    assert placed["lines"][0]["total"] == "39.80"
    assert placed["failure"] is None
    assert placed["access_token"] == access_token(order.pk)
    assert answer["Location"] == f"{URL}{order.pk}/"
    seen = APIClient().get(answer["Location"], headers={"Order-Token": placed["access_token"]})
    assert seen.json()["number"] == order.number
    for stranger in ({}, {"Order-Token": "wrong"}, {"Cart-Token": "another"}):
        assert APIClient().get(answer["Location"], headers=stranger).status_code == 404


def test_a_repeated_request_gets_the_first_answer():
    data = body()
    first, second = post(guest(), data), post(guest(), data)
    assert second.status_code == 201
    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Order.objects.count() == len(published("orders.created")) == 1


def test_a_stored_answer_holds_no_access_token():
    post(guest(), body())
    assert "access_token" not in IdempotencyKey.objects.get().body


def test_a_key_with_another_body_is_refused():
    post(guest(), body())
    other = post(guest(), body())
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    assert Order.objects.count() == 1


def test_a_key_never_crosses_owners():
    mine = post(guest(), body())
    user = uuid4()
    theirs = post(customer(user), body(quote(owner=f"user:{user}")))
    assert theirs.status_code == 201
    assert theirs.json()["id"] != mine.json()["id"]
    assert theirs.json()["access_token"] is None


def test_a_used_quote_with_another_key_answers_200_with_its_order():
    data = body()
    first = post(guest(), data, key="a")
    second = post(guest(), data, key="b")
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]
    assert Order.objects.count() == 1


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel"])
def test_a_request_without_a_usable_key_is_refused(key):
    answer = post(guest(), body(), key=key)
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_missing"
    assert nothing_happened()


def test_a_request_of_nobody_is_refused():
    assert post(APIClient(), body()).status_code == 401
    assert nothing_happened()


@pytest.mark.parametrize(
    ("token", "status", "code"),
    [
        (lambda: "nonsense", 400, "quote_invalid"),
        (lambda: quote(owner="user:1"), 403, "quote_not_yours"),
        (lambda: quote(country="FR"), 400, "country_mismatch"),
        (lambda: quote(expires_at="2026-01-01T00:00:00+00:00"), 409, "quote_expired"),
    ],
)
def test_a_refused_offer_names_its_reason_and_keeps_nothing(token, status, code):
    answer = post(guest(), body(token()))
    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert nothing_happened()


def test_a_changed_price_answers_409_with_the_new_one_and_the_key_may_try_again():
    price = PriceFactory(version=2, price="21.00")
    data = body()
    answer = post(guest(), data)
    assert answer.status_code == 409
    assert answer.json()["prices"] == [
        {"sku": "OAK-1", "quoted": "19.90", "price": "21.00", "active": True}
    ]
    assert nothing_happened()
    price.delete()
    assert post(guest(), data).status_code == 201


def test_a_cart_that_is_being_ordered_answers_409_with_its_order():
    cart = uuid4()
    order = place(cart_id=cart, cart_version=1)
    answer = post(guest(), body(quote(cart_id=cart, cart_version=2)))
    assert answer.status_code == 409
    assert answer.json()["order"] == {"id": str(order.pk), "number": order.number}


DEEP = "[" * 500 + "]" * 500
JUNK = [None, True, 10**400, "", "x" * 100_000, "\x00", "\ud800", [], [[]], {}, {"a": 1}]


@pytest.mark.parametrize("field", ["quote", "email", "shipping_address", "payment_method"])
@pytest.mark.parametrize("value", JUNK, ids=range(len(JUNK)))
def test_junk_in_a_field_is_the_clients_error(field, value):
    assert post(guest(), body(**{field: value})).status_code == 400
    assert nothing_happened()


@pytest.mark.parametrize("field", [*ADDRESS, "line2"])
@pytest.mark.parametrize("value", [None, [], {}, "x" * 500, "\x00", "\ud800"])
def test_junk_in_the_address_is_the_clients_error(field, value):
    answer = post(guest(), body(shipping_address=ADDRESS | {field: value}))
    assert answer.status_code == 400
    assert nothing_happened()


@pytest.mark.parametrize("raw", ["", "[]", "null", "1", '"x"', "{", DEEP, '{"quote": NaN}'])
def test_a_body_that_is_no_order_is_the_clients_error(raw):
    headers = {"Idempotency-Key": "k"}
    answer = guest().generic("POST", URL, raw, "application/json", headers=headers)
    assert answer.status_code == 400
    assert nothing_happened()


def test_a_declined_order_says_why():
    order = place()
    decline(order)
    drain()
    seen = guest().get(f"{URL}{order.pk}/").json()
    assert seen["status"] == "FAILED"
    assert seen["failure"] == {
        "code": "payment_declined",
        "decline_code": "insufficient_funds",
        "message": "Your card has insufficient funds.",
        "missing": [],
    }


def test_a_sold_out_order_names_the_lines():
    order = place()
    sell_out(order)
    drain()
    failure = guest().get(f"{URL}{order.pk}/").json()["failure"]
    assert failure["code"] == "out_of_stock"
    assert failure["missing"] == [
        {"sku": "OAK-1", "title": "Oak tray", "wanted": 2, "available": 1}
    ]


def test_the_timeline_tells_what_happened_and_what_is_to_come():
    order = place()
    pay(order)
    drain()
    seen = guest().get(f"{URL}{order.pk}/timeline/").json()
    assert seen["status"] == "CONFIRMED"
    assert [(step["text"], step["state"]) for step in seen["steps"]] == [
        ("Order placed", "done"),
        ("Payment received (Visa •••• 4242)", "done"),
        ("Order confirmed", "done"),
        ("Stock reserved", "pending"),
        ("Confirmation mail sent", "pending"),
    ]
    assert APIClient().get(f"{URL}{order.pk}/timeline/").status_code == 404


def test_an_order_is_cancelled_once():
    order = place()
    url = f"{URL}{order.pk}/cancel/"
    assert APIClient().post(url, format="json").status_code == 404
    assert guest().get(url).status_code == 405
    first = guest().post(url, {"reason": "too dear"}, format="json")
    assert (first.status_code, first.json()["status"]) == (200, "CANCELLED")
    second = guest().post(url, format="json")
    assert (second.status_code, second.json()["code"]) == (409, "not_cancellable")
    [cancelled] = published("orders.cancelled")
    assert (cancelled["by"], cancelled["reason"]) == ("customer", "too dear")


def test_a_shipped_order_cannot_be_cancelled():
    order = place()
    pay(order)
    drain()
    operations.ship_order(order_id=order.pk, carrier="DHL", tracking="1")
    assert guest().post(f"{URL}{order.pk}/cancel/", format="json").status_code == 409
    assert published("orders.cancelled") == []


def test_a_failed_order_is_paid_again():
    order = place()
    url = f"{URL}{order.pk}/retry/"
    assert guest().post(url, {"payment_method": "pm_2"}, format="json").status_code == 409
    decline(order)
    drain()
    assert guest().post(url, {}, format="json").status_code == 400
    assert APIClient().post(url, {"payment_method": "pm_2"}, format="json").status_code == 404
    first = guest().post(url, {"payment_method": "pm_2"}, format="json")
    assert first.status_code == 201
    assert first.json()["retry_of"] == str(order.pk)
    assert first.json()["access_token"] == access_token(Order.objects.get(retry_of=order.pk).pk)
    second = guest().post(url, {"payment_method": "pm_3"}, format="json")
    assert second.status_code == 200
    assert second.json()["id"] == first.json()["id"]


def test_amounts_are_strings():
    placed = post(guest(), body()).json()
    amounts = ["subtotal", "discount", "shipping", "tax", "total", "refunded"]
    assert [placed[name] for name in amounts] == ["44.80", "4.80", "4.90", "7.16", "44.90", "0.00"]


def test_an_order_tells_every_sum_it_is_made_of():
    placed = post(guest(), body(quote(coupon="HELLO"))).json()
    assert {name: placed[name] for name in ("coupon", "shipping_method", "shipping_tax")} == {
        "coupon": "HELLO",
        "shipping_method": "standard",
        "shipping_tax": "0.78",
    }
    line = placed["lines"][0]
    assert (line["discount"], line["tax_rate"], line["tax"]) == ("4.26", "19.00", "5.67")
