"""3-D Secure: the bank's question, answered and denied."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from apps.payments.models import GatewayCharge, GatewayWebhook, Payment
from apps.payments.tests.factories import (
    CHALLENGE,
    CHALLENGE_DECLINE,
    payment,
)
from apps.payments.tests.steps import api, failure, outcomes
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
APPROVED = [("requested", 1), ("action_required", 1), ("processed", 1)]
FAILED = [("requested", 1), ("action_required", 1), ("failed", 1)]


# The page -----------------------------------------------------------------------------------------


def test_the_order_waits_for_the_shopper_and_says_until_when(
    challenged: Callable[..., str], order_id: UUID
) -> None:
    url = challenged()

    asked = payment(order_id)
    assert (asked.status, asked.captured_amount) == ("requested", 0)
    [told] = published("payments.action_required", key=order_id)
    assert told["expires_at"] == asked.challenge_expires_at.isoformat()
    waits = asked.challenge_expires_at - timezone.now()
    assert timedelta(minutes=9) < waits <= timedelta(minutes=10)
    assert url == f"/payments/challenges/{asked.challenge}/"
    assert len(asked.challenge) == 32  # 192 bits that nobody guesses


def test_the_page_asks_without_scripts_and_leads_back_to_the_order(
    challenged: Callable[..., str], order_id: UUID, client: Client
) -> None:
    url = challenged()

    page = client.get(url)
    assert page.status_code == 200
    assert "€59.90" in page.text
    assert 'value="approve"' in page.text
    assert 'value="deny"' in page.text
    assert "no-store" in page["Cache-Control"]

    answered = client.post(url, {"answer": "approve"})
    # Where orders.created says that the order's page is, and without a guest's token in it.
    assert (answered.status_code, answered["Location"]) == (302, "/orders/1/")
    drain()
    assert outcomes(order_id) == APPROVED


def test_a_card_that_is_declined_after_all_says_why(
    challenged: Callable[..., str], order_id: UUID, client: Client
) -> None:
    client.post(challenged(CHALLENGE_DECLINE), {"answer": "approve"})
    drain()

    assert outcomes(order_id) == FAILED
    assert failure(order_id) == ("card_declined", "generic_decline")


@pytest.mark.parametrize("number", [CHALLENGE, CHALLENGE_DECLINE])
def test_a_shopper_who_says_no_is_not_charged(
    challenged: Callable[..., str], order_id: UUID, client: Client, number: str
) -> None:
    client.post(challenged(number), {"answer": "deny"})
    drain()

    assert outcomes(order_id) == FAILED
    assert failure(order_id) == ("authentication_failed", None)
    assert payment(order_id).captured_amount == 0


@pytest.mark.parametrize("first", ["approve", "deny"])
def test_the_first_answer_stands(
    challenged: Callable[..., str], order_id: UUID, client: Client, first: str
) -> None:
    url = challenged()
    client.post(url, {"answer": first})
    for again in ("deny", "approve"):
        assert client.post(url, {"answer": again}).status_code == 302
    drain()
    client.post(url, {"answer": "approve"})
    drain()

    assert outcomes(order_id) == (APPROVED if first == "approve" else FAILED)
    assert GatewayWebhook.objects.count() == 1
    assert "You have answered already" in client.get(url).text


@pytest.mark.parametrize("answer", ["", "yes", "approve\x00"])
def test_no_answer_is_none(
    challenged: Callable[..., str], order_id: UUID, client: Client, answer: str
) -> None:
    page = client.post(challenged(), {"answer": answer})

    assert page.status_code == 400
    assert 'value="approve"' in page.text
    assert GatewayCharge.objects.get().status == "challenged"


def test_a_form_of_somewhere_else_does_not_answer(challenged: Callable[..., str]) -> None:
    strict = Client(enforce_csrf_checks=True)

    assert strict.post(challenged(), {"answer": "approve"}).status_code == 403
    assert GatewayCharge.objects.get().status == "challenged"


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/\\evil", ""])
def test_the_way_back_stays_on_this_site(
    challenged: Callable[..., str], client: Client, path: str
) -> None:
    url = challenged()
    Payment.objects.update(order_path=path)

    assert "evil" not in client.get(url).text
    assert client.post(url, {"answer": "approve"})["Location"] == "/"


@pytest.mark.parametrize("challenge", ["x", "0" * 32, "a" * 3000])
def test_a_guessed_challenge_is_not_there(client: Client, challenge: str) -> None:
    url = f"/payments/challenges/{challenge}/"

    assert client.get(url).status_code == 404
    assert client.post(url, {"answer": "approve"}).status_code == 404
    assert client.get(api(url)).status_code == 404
    answer = client.post(api(url), {"answer": "deny"}, content_type="application/json")
    assert answer.status_code == 404
