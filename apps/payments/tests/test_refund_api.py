"""/api/v1/payments/<order>/refunds/, and the same by staff in the admin."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient
from uuid_utils.compat import uuid7

from apps.payments.models import Refund
from apps.payments.tests.factories import DECLINED, payment
from apps.payments.tests.steps import pay
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
WANTED = {"amount": "10.00", "reason": "A scratch."}
KEY = {"headers": {"Idempotency-Key": "one"}}


def url(order_id: UUID) -> str:
    return f"/api/v1/payments/{order_id}/refunds/"


def client_of(*, staff: bool, allowed: bool, superuser: bool = False) -> APIClient:
    client = APIClient()
    facts = {"pk": 7, "is_active": True, "is_authenticated": True, "is_superuser": superuser}
    may = {"payments.refund_payment"} if allowed else set()
    user: Any = SimpleNamespace(**facts, is_staff=staff, has_perm=may.__contains__)
    client.force_authenticate(user)
    return client


@pytest.fixture
def staff() -> APIClient:
    return client_of(staff=True, allowed=True)


@pytest.mark.parametrize(
    ("client", "status"),
    [
        (APIClient(), 401),
        (client_of(staff=False, allowed=True), 403),
        (client_of(staff=True, allowed=False), 403),
    ],
)
def test_only_staff_with_the_permission_give_back(
    order_id: UUID, client: APIClient, status: int
) -> None:
    pay(order_id)

    assert client.get(url(order_id)).status_code == status
    assert client.post(url(order_id), WANTED, format="json", **KEY).status_code == status
    assert Refund.objects.count() == 0


def test_part_of_a_payment_goes_back(order_id: UUID, staff: APIClient) -> None:
    pay(order_id)

    answer = staff.post(url(order_id), WANTED, format="json", **KEY)

    assert answer.status_code == 201
    told = answer.json()
    assert {name: told[name] for name in ("status", "amount", "currency", "reason", "by")} == {
        "status": "requested",
        "amount": "10.00",
        "currency": "EUR",
        "reason": "A scratch.",
        "by": "user:7",
    }
    drain()
    seen = staff.get(url(order_id)).json()
    [refund] = seen.pop("refunds")
    assert (refund["id"], refund["status"]) == (told["id"], "done")
    assert seen == {
        "order_id": str(order_id),
        "status": "captured",
        "currency": "EUR",
        "amount": "59.90",
        "captured": "59.90",
        "refunded": "10.00",
        "refunding": "0.00",
        "refundable": "49.90",
    }


def test_the_same_key_is_answered_the_same(order_id: UUID, staff: APIClient) -> None:
    pay(order_id)
    first = staff.post(url(order_id), WANTED, format="json", **KEY)
    again = staff.post(url(order_id), WANTED, format="json", **KEY)
    other = staff.post(url(order_id), WANTED | {"amount": "11.00"}, format="json", **KEY)

    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert "Idempotent-Replayed" not in first
    assert again["Idempotent-Replayed"] == "true"
    assert again.json() == first.json()
    assert other.json()["code"] == "idempotency_key_reused"
    assert Refund.objects.count() == 1


def test_more_than_is_left_is_a_conflict(order_id: UUID, staff: APIClient) -> None:
    pay(order_id)

    answer = staff.post(url(order_id), WANTED | {"amount": "60.00"}, format="json", **KEY)

    assert (answer.status_code, answer.json()["code"]) == (409, "more_than_captured")
    assert answer.json()["detail"] == "At most €59.90 can be given back."
    assert Refund.objects.count() == 0


def test_an_order_without_money_has_none_to_give_back(order_id: UUID, staff: APIClient) -> None:
    assert staff.post(url(uuid7()), WANTED, format="json", **KEY).status_code == 404
    assert staff.get(url(uuid7())).status_code == 404
    pay(order_id, DECLINED)

    answer = staff.post(url(order_id), WANTED, format="json", **KEY)

    assert (answer.status_code, answer.json()["code"]) == (409, "nothing_captured")


@pytest.mark.parametrize("key", ["", "x" * 256, "é"])
def test_a_refund_needs_a_key(order_id: UUID, staff: APIClient, key: str) -> None:
    pay(order_id)
    headers = {"Idempotency-Key": key}

    answer = staff.post(url(order_id), WANTED, format="json", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_missing")
    assert Refund.objects.count() == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": None}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1e400"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"amount": "9" * 400}, "amount"),
        ({"amount": []}, "amount"),
        ({"reason": ""}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "\x00"}, "reason"),
        ({"reason": None}, "reason"),
    ],
)
def test_a_wrong_refund_is_refused_by_field(
    order_id: UUID, staff: APIClient, changes: dict[str, Any], field: str
) -> None:
    pay(order_id)

    answer = staff.post(url(order_id), WANTED | changes, format="json", **KEY)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert Refund.objects.count() == 0


# The admin ----------------------------------------------------------------------------------------


LIST = "admin:payments_payment_changelist"


def signed_in(*permissions: str) -> Client:
    users = get_user_model()
    who = users.objects.create(**{users.USERNAME_FIELD: "staff@example.com"}, is_staff=True)
    who.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(who)
    return client


def act(client: Client, order_id: UUID, **fields: Any) -> Any:
    selected = {"action": "give_back", "_selected_action": str(payment(order_id).pk)}
    return client.post(reverse(LIST), selected | fields)


def test_staff_give_back_by_a_form_and_once(order_id: UUID) -> None:
    pay(order_id)
    client = signed_in("view_payment", "refund_payment")

    page = act(client, order_id)
    assert "Order A-1001: €59.90 captured" in page.text
    assert "€59.90 left." in page.text
    key = page.context["form"]["key"].value()
    for _ in range(2):  # a double click
        done = act(client, order_id, apply="1", amount="9.90", reason="Late.", key=key)
        assert done.status_code == 302
    drain()

    [refund] = Refund.objects.all()
    assert (str(refund.amount), refund.reason, refund.status) == ("9.90", "Late.", "done")
    assert refund.by.startswith("user:")
    assert "€9.90 asked to be given back: Late." in str(LogEntry.objects.first())


def test_the_form_says_what_is_wrong(order_id: UUID) -> None:
    pay(order_id)
    client = signed_in("view_payment", "refund_payment")

    page = act(client, order_id, apply="1", amount="60", reason="Late.", key="k")
    assert "At most €59.90 can be given back." in page.text
    page = act(client, order_id, apply="1", amount="0", reason="", key="k")
    assert "This field is required." in page.text
    assert Refund.objects.count() == 0


def test_without_the_permission_there_is_no_button(order_id: UUID) -> None:
    pay(order_id)
    client = signed_in("view_payment")

    assert "give_back" not in client.get(reverse(LIST)).text
    act(client, order_id, apply="1", amount="9.90", reason="Late.", key="k")
    assert Refund.objects.count() == 0
    assert published("payments.refund_requested") == []


def test_the_payments_page_shows_the_gateways_log_and_no_secret(order_id: UUID) -> None:
    pay(order_id, "4000000000003220")
    client = signed_in("view_payment", "view_refund")

    page = client.get(reverse("admin:payments_payment_change", args=[payment(order_id).pk]))

    assert "waits for the shopper" in page.text
    assert payment(order_id).challenge not in page.text
    assert payment(order_id).token_hash not in page.text
