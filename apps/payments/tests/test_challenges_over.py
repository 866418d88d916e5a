"""3-D Secure: the bank's question forgotten, answered too late, and answered by a program."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from apps.payments.gateway import challenges
from apps.payments.models import GatewayCharge, GatewayRefund, Payment
from apps.payments.tests.factories import (
    ENDINGS,
    payment,
    say_cancelled,
)
from apps.payments.tests.steps import api, failure, later, outcomes
from eventbus.testing import drain, redeliver

pytestmark = pytest.mark.django_db
APPROVED = [("requested", 1), ("action_required", 1), ("processed", 1)]
FAILED = [("requested", 1), ("action_required", 1), ("failed", 1)]


# Abandoned ----------------------------------------------------------------------------------------


def test_a_challenge_that_nobody_answers_fails_the_payment(
    challenged: Callable[..., str], order_id: UUID, client: Client
) -> None:
    url = challenged()
    later(minutes=9)
    assert payment(order_id).status == "requested"

    later(minutes=10, seconds=1)

    assert outcomes(order_id) == FAILED
    assert failure(order_id) == ("authentication_expired", None)
    assert GatewayCharge.objects.get().status == "cancelled"
    assert client.post(url, {"answer": "approve"})["Location"] == "/orders/1/"
    later(hours=1)
    assert outcomes(order_id) == FAILED
    assert "The time to answer is over" in client.get(url).text


def test_an_answer_after_the_time_does_not_count_though_nobody_has_closed_it_yet(
    challenged: Callable[..., str], order_id: UUID
) -> None:
    challenged()
    GatewayCharge.objects.update(expires_at=timezone.now())

    assert not challenges.answer(payment(order_id).challenge, approve=True)
    assert challenges.find(payment(order_id).challenge).state == "over"
    later(minutes=11)
    assert outcomes(order_id) == FAILED


def test_an_answer_in_the_last_moment_wins_over_the_expiry(
    challenged: Callable[..., str], order_id: UUID
) -> None:
    """Its webhook is lost; at the end of the time the gateway is asked to close the charge."""
    challenged()
    Payment.objects.update(gateway_key="charge-of-nobody")  # no webhook finds it
    assert challenges.answer(payment(order_id).challenge, approve=True)
    drain()
    Payment.objects.update(gateway_key=GatewayCharge.objects.get().key)
    assert payment(order_id).status == "requested"

    later(minutes=11)

    assert outcomes(order_id) == APPROVED


def test_second_deliveries_ask_the_shopper_once(
    challenged: Callable[..., str], order_id: UUID
) -> None:
    challenged()
    redeliver("payments.requested", key=order_id, subscriber="payments")
    drain()
    later(minutes=5)

    assert outcomes(order_id) == [("requested", 1), ("action_required", 1)]
    later(minutes=11)
    assert outcomes(order_id) == FAILED


# The order ends meanwhile ------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDINGS)
def test_an_order_that_ends_closes_its_challenge(
    challenged: Callable[..., str], order_id: UUID, end: Callable[[UUID], None], client: Client
) -> None:
    url = challenged()
    end(order_id)
    drain()

    assert (payment(order_id).status, outcomes(order_id)) == (
        "void",
        [("requested", 1), ("action_required", 1)],
    )
    client.post(url, {"answer": "approve"})
    later(minutes=11)
    assert payment(order_id).status == "void"
    assert GatewayCharge.objects.get().status == "cancelled"


@pytest.mark.parametrize("seed", range(6))
def test_an_answer_and_a_cancel_at_once_leave_no_money(
    challenged: Callable[..., str], order_id: UUID, seed: int
) -> None:
    challenged()
    if seed % 2:
        say_cancelled(order_id)
    challenges.answer(payment(order_id).challenge, approve=True)
    if not seed % 2:
        say_cancelled(order_id)
    drain(seed=seed)
    later(minutes=11)

    ended = payment(order_id)
    assert ended.status == "refunded"
    assert ended.captured_amount == ended.refunded_amount == GatewayRefund.objects.get().amount


# The API ------------------------------------------------------------------------------------------


def test_a_program_looks_and_answers(
    challenged: Callable[..., str], order_id: UUID, client: Client
) -> None:
    url = api(challenged())

    seen = client.get(url)
    assert seen.status_code == 200
    assert "no-store" in seen["Cache-Control"]
    told = seen.json()
    assert told.pop("expires_at").endswith("Z")
    assert told == {
        "id": payment(order_id).challenge,
        "state": "open",
        "amount": "59.90",
        "currency": "EUR",
        "brand": "visa",
        "last4": "3220",
        "order_id": str(order_id),
    }

    for _ in range(2):  # sent twice is answered twice
        answer = client.post(url, {"answer": "approve"}, content_type="application/json")
        assert (answer.status_code, answer.json()["state"]) == (200, "approved")
    other = client.post(url, {"answer": "deny"}, content_type="application/json")
    assert (other.status_code, other.json()["code"]) == (409, "challenge_over")
    drain()
    assert outcomes(order_id) == APPROVED


@pytest.mark.parametrize("body", ["{}", "[]", "null", "{", '{"answer": "maybe"}', '{"answer": 1}'])
def test_what_is_no_answer_is_a_bad_request(
    challenged: Callable[..., str], client: Client, body: str
) -> None:
    answer = client.post(api(challenged()), body, content_type="application/json")

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert GatewayCharge.objects.get().status == "challenged"


def test_a_program_that_answers_too_late_is_told(
    challenged: Callable[..., str], client: Client, order_id: UUID
) -> None:
    url: Any = api(challenged())
    later(minutes=11)

    answer = client.post(url, {"answer": "approve"}, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (409, "challenge_over")
    assert client.get(url).json()["state"] == "over"
    assert outcomes(order_id) == FAILED
