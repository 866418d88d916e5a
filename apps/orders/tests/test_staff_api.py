"""Staff's programs move orders on; nobody else does."""

from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient
from rest_framework_simplejwt.models import TokenUser

from apps.orders import operations
from apps.orders.models import Order
from apps.orders.tests.factories import CART_TOKEN, pay, place
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
PARCEL = {"carrier": "DHL", "tracking": "JD 1/2"}
STAFF_ID = uuid4()


def by_token(*, is_staff):
    client = APIClient()
    client.force_authenticate(TokenUser({"user_id": str(STAFF_ID), "is_staff": is_staff}))
    return client


def act(client, order, what, body=None, **headers):
    url = f"/api/v1/orders/{order.pk}/{what}/"
    return client.post(url, body or {}, format="json", headers=headers)


@pytest.fixture
def confirmed():
    order = place()
    pay(order)
    drain()
    return order


def test_staff_ship_and_deliver_and_the_history_names_them(confirmed):
    staff = by_token(is_staff=True)
    shipped = act(staff, confirmed, "ship", PARCEL)
    assert shipped.status_code == 200
    assert {name: shipped.json()[name] for name in ("status", *PARCEL)} == {
        "status": "SHIPPED",
        **PARCEL,
    }
    assert shipped.json()["tracking_url"].endswith("tracking-id=JD%201%2F2")
    assert act(staff, confirmed, "deliver").json()["status"] == "DELIVERED"
    assert list(confirmed.history.values_list("to_status", "by", "actor"))[2:] == [
        ("SHIPPED", "staff", f"user:{STAFF_ID}"),
        ("DELIVERED", "staff", f"user:{STAFF_ID}"),
    ]
    [told] = published("orders.shipped")
    assert (told["carrier"], told["tracking"]) == ("DHL", "JD 1/2")


def test_staff_cancel_any_order_as_staff(confirmed):
    answer = act(by_token(is_staff=True), confirmed, "cancel", {"reason": "Out of print."})
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELLED")
    assert confirmed.history.last().actor == f"user:{STAFF_ID}"
    [told] = published("orders.cancelled")
    assert (told["by"], told["reason"]) == ("staff", "Out of print.")


@pytest.mark.parametrize("what", ["ship", "deliver", "cancel"])
def test_nobody_else_moves_an_order(confirmed, what):
    owner = APIClient(headers={"Cart-Token": CART_TOKEN})
    refused = {"ship": 401, "deliver": 401, "cancel": 404}[what]
    assert act(APIClient(), confirmed, what, PARCEL).status_code == refused
    shopper = by_token(is_staff=False)
    assert act(shopper, confirmed, what, PARCEL).status_code == {401: 403, 404: 404}[refused]
    if what != "cancel":
        assert act(owner, confirmed, what, PARCEL).status_code == 401
    assert Order.objects.get().status == "CONFIRMED"


def test_staff_known_here_need_the_permission(confirmed, user):
    user.is_staff = True
    user.save()
    client = APIClient()
    client.force_authenticate(user)
    assert act(client, confirmed, "ship", PARCEL).status_code == 403
    assert act(client, confirmed, "cancel").status_code == 404
    user.user_permissions.add(Permission.objects.get(codename="change_order"))
    client.force_authenticate(type(user).objects.get(pk=user.pk))  # it remembers what it may
    assert act(client, confirmed, "ship", PARCEL).status_code == 200


@pytest.mark.parametrize("status", ["PENDING", "CONFIRMED", "SHIPPED", "DELIVERED", "FAILED"])
@pytest.mark.parametrize("what", ["ship", "deliver", "cancel"])
def test_a_move_that_is_not_allowed_is_a_clear_409(what, status):
    order = place()
    Order.objects.update(status=status)
    allowed = {"ship": ["CONFIRMED"], "deliver": ["SHIPPED"], "cancel": ["PENDING", "CONFIRMED"]}
    answer = act(by_token(is_staff=True), order, what, PARCEL)
    if status in allowed[what]:
        assert answer.status_code == 200
        return
    codes = {"ship": "not_shippable", "deliver": "not_deliverable", "cancel": "not_cancellable"}
    assert (answer.status_code, answer.json()["code"]) == (409, codes[what])
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")
    assert Order.objects.get().status == status
    assert order.history.count() == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"carrier": "DHL"}, {"carrier": "", "tracking": "1"}, PARCEL | {"carrier": "x" * 81}],
)
def test_a_parcel_without_carrier_or_number_is_the_clients_error(confirmed, body):
    assert act(by_token(is_staff=True), confirmed, "ship", body).status_code == 400
    assert Order.objects.get().status == "CONFIRMED"


def test_an_order_that_is_not_here_is_404():
    for what in ("ship", "deliver", "cancel"):
        assert act(by_token(is_staff=True), Order(), what, PARCEL).status_code == 404


def test_the_same_key_ships_once_and_gets_the_same_answer(confirmed):
    staff, key = by_token(is_staff=True), {"Idempotency-Key": "k"}
    first, second = (act(staff, confirmed, "ship", PARCEL, **key) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json() == first.json()
    assert second["Idempotent-Replayed"] == "true"
    assert act(staff, confirmed, "ship", PARCEL | {"tracking": "2"}, **key).status_code == 422
    assert len(published("orders.shipped")) == 1


def test_a_race_of_cancel_and_ship_has_one_winner_and_one_409(confirmed):
    """A6, one after the other; at once is in test_races."""
    staff = by_token(is_staff=True)
    assert operations.cancel_order(order_id=confirmed.pk, by="customer")
    assert act(staff, confirmed, "ship", PARCEL).status_code == 409
    assert published("orders.shipped") == []
