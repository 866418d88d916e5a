"""POST /api/v1/payments/methods/"""

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from apps.payments import queries
from apps.payments.gateway import GatewayUnavailable, gateway
from apps.payments.models import GatewayCard, PaymentMethod

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments/methods/"
CART = {"headers": {"Cart-Token": "the-carts-secret"}}
OWNER = f"cart:{sha256(b'the-carts-secret').hexdigest()}"
YEAR = datetime.now(UTC).year
CARD = {"number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": YEAR + 2, "cvc": "123"}


def post(client: Client, body: Any, **extra: Any) -> Any:
    return client.post(URL, body, content_type="application/json", **extra)


def test_a_card_becomes_a_token_of_its_owner(client: Client) -> None:
    answer = post(client, CARD, **CART)

    assert answer.status_code == 201
    assert set(answer.json()) == {"token", "brand", "last4"}
    assert (answer.json()["brand"], answer.json()["last4"]) == ("visa", "4242")
    assert answer.json()["token"].startswith("pm_")
    assert "no-store" in answer["Cache-Control"]
    method = queries.unused_method(token=answer.json()["token"], owner=OWNER)
    assert method == PaymentMethod.objects.get()
    assert (method.expires_at - method.created_at).total_seconds() == 30 * 60


def test_two_tokens_for_one_card_differ(client: Client) -> None:
    first, second = post(client, CARD, **CART).json(), post(client, CARD, **CART).json()

    assert first["token"] != second["token"]


def test_a_signed_in_shopper_owns_the_card_on_the_page_too(client: Client) -> None:
    user = get_user_model().objects.create(**{get_user_model().USERNAME_FIELD: "ada@example.com"})
    client.force_login(user)

    token = post(client, CARD, **CART).json()["token"]

    assert queries.unused_method(token=token, owner=f"user:{user.pk}") is not None


def test_a_forged_request_of_a_signed_in_shopper_is_refused() -> None:
    user = get_user_model().objects.create(**{get_user_model().USERNAME_FIELD: "ada@example.com"})
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)

    assert post(client, CARD).status_code == 403
    assert PaymentMethod.objects.count() == 0


def test_a_card_needs_an_owner(client: Client) -> None:
    answer = post(client, CARD)

    assert (answer.status_code, answer.json()["code"]) == (400, "no_owner")
    assert (PaymentMethod.objects.count(), GatewayCard.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"number": "4242424242424241"}, "number"),  # Luhn
        ({"number": "4242"}, "number"),
        ({"number": "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢"}, "number"),
        ({"number": "4111111111111111"}, "number"),  # real-looking, no test card
        ({"number": ""}, "number"),
        ({"number": None}, "number"),
        ({"number": True}, "number"),
        ({"number": ["4242424242424242"]}, "number"),
        ({"number": "4" * 5000}, "number"),
        ({"number": "4242424242424242\x00"}, "number"),
        ({"exp_month": 0}, "exp_month"),
        ({"exp_month": 13}, "exp_month"),
        ({"exp_month": True}, "exp_month"),
        ({"exp_month": 1.5}, "exp_month"),
        ({"exp_month": "4242424242424242"}, "exp_month"),
        ({"exp_year": YEAR - 1}, "exp_year"),
        ({"exp_year": YEAR + 26}, "exp_year"),
        ({"exp_year": 10**300}, "exp_year"),
        ({"exp_year": "2" * 2000}, "exp_year"),
        ({"cvc": "12"}, "cvc"),
        ({"cvc": "1234"}, "cvc"),
        ({"cvc": "12a"}, "cvc"),
        ({"number": "378282246310005"}, "cvc"),  # American Express has four
        ({"cvc": {}}, "cvc"),
    ],
)
def test_a_wrong_card_is_refused_by_field_and_not_repeated(
    client: Client, changes: dict[str, Any], field: str, caplog: pytest.LogCaptureFixture
) -> None:
    answer = post(client, CARD | changes, **CART)

    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert answer["Content-Type"] == "application/problem+json"
    assert "no-store" in answer["Cache-Control"]
    assert not any(digits in answer.text + caplog.text for digits in ["4242", "4111", "37828"])
    assert (PaymentMethod.objects.count(), GatewayCard.objects.count()) == (0, 0)


def test_a_number_of_nobodys_card_says_what_to_use(client: Client) -> None:
    answer = post(client, CARD | {"number": "4111111111111111"}, **CART)

    (message,) = answer.json()["errors"]["number"]
    assert message.startswith("This is not a test card")


@pytest.mark.parametrize("body", ["[]", '"4242424242424242"', "null", "{", "{}", ""])
def test_what_is_no_card_at_all_is_a_bad_request(client: Client, body: str) -> None:
    answer = client.post(URL, body, content_type="application/json", **CART)

    assert answer.status_code == 400
    assert "4242" not in answer.text


def test_the_month_that_runs_is_still_good(client: Client) -> None:
    now = datetime.now(UTC)

    answer = post(client, CARD | {"exp_month": now.month, "exp_year": now.year}, **CART)

    assert answer.status_code == 201


def test_a_silent_gateway_is_told_kindly(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(card: object) -> None:
        raise GatewayUnavailable

    monkeypatch.setattr(gateway, "store", silent)

    answer = post(client, CARD, **CART)

    assert (answer.status_code, answer.json()["code"]) == (503, "gateway_unavailable")
    assert PaymentMethod.objects.count() == 0


def test_only_posting_is_possible(client: Client) -> None:
    assert client.get(URL, **CART).status_code == 405
