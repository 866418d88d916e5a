"""What the gateway tells by itself: late, doubled, reordered."""

from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from apps.payments.models import GatewayCharge, ReceivedWebhook, Refund
from apps.payments.tests.factories import (
    BACKWARDS,
    LATE,
    LATE_DECLINE,
    REFUND_LATE,
    TWICE,
    payment,
    say_cancelled,
    token_for,
)
from apps.payments.tests.messages import PROCESSED, body_of, captured, declined, post, world
from apps.payments.tests.steps import outcomes, pay, request_charge
from eventbus.models import Parked
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db


# Told by the mock gateway, in the bus's time -----------------------------------------------------


@pytest.mark.parametrize("number", [LATE, TWICE, BACKWARDS])
def test_news_that_come_late_twice_or_backwards_are_processed_once(
    order_id: UUID, number: str
) -> None:
    pay(order_id, number)
    assert outcomes(order_id) == [("requested", 1)]

    drain(now=timezone.now() + timedelta(minutes=1))

    assert outcomes(order_id) == PROCESSED
    results = ReceivedWebhook.objects.order_by("received_at").values_list("result", "deliveries")
    assert (
        list(results)
        == {
            LATE: [("recorded", 1)],
            TWICE: [("recorded", 2)],
            BACKWARDS: [("recorded", 1), ("ignored", 1)],
        }[number]
    )


def test_a_decline_that_comes_by_webhook_closes_the_payment(order_id: UUID) -> None:
    pay(order_id, LATE_DECLINE)
    drain(now=timezone.now() + timedelta(minutes=1))

    assert outcomes(order_id) == [("requested", 1), ("failed", 1)]
    [failed] = published("payments.failed", key=order_id)
    assert (failed["code"], failed["decline_code"]) == ("card_declined", "generic_decline")


def test_a_webhook_that_we_refuse_is_sent_again(order_id: UUID, settings: Any) -> None:
    pay(order_id, LATE)
    keys = settings.WEBHOOK_KEYS
    settings.WEBHOOK_KEYS = []  # nobody here knows any key, nor can sign
    drain(now=timezone.now() + timedelta(minutes=1))
    assert outcomes(order_id) == [("requested", 1)]
    assert Parked.objects.filter(name="payments.webhook_due").exists()

    settings.WEBHOOK_KEYS = keys
    drain(now=timezone.now() + timedelta(minutes=2))

    assert outcomes(order_id) == PROCESSED


# Through the door --------------------------------------------------------------------------------


def test_a_signed_success_is_recorded_like_the_calls_own_answer(
    client: Client, order_id: UUID, asked: str
) -> None:
    answer = post(client, captured(asked))

    assert (answer.status_code, answer.json()) == (200, {"result": "recorded"})
    assert outcomes(order_id) == PROCESSED
    paid = payment(order_id)
    assert (paid.status, paid.charge, paid.charge_version) == ("captured", "ch_1", 2)


def test_the_same_message_again_has_no_effect(client: Client, order_id: UUID, asked: str) -> None:
    body = captured(asked)
    results = [post(client, body).json()["result"] for _ in range(3)]

    assert results == ["recorded", "duplicate", "duplicate"]
    assert outcomes(order_id) == PROCESSED
    assert ReceivedWebhook.objects.get().deliveries == 3


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_counts_is_the_charges_version_and_not_the_arrival(
    client: Client, order_id: UUID, asked: str, order: tuple[int, ...]
) -> None:
    expires_at = (timezone.now() + timedelta(minutes=5)).isoformat()
    news = [
        body_of(asked, status="processing", version=1),
        body_of(asked, status="challenged", version=2, challenge="c" * 32, expires_at=expires_at),
        captured(asked, version=3),
    ]
    for number in order:
        assert post(client, news[number]).status_code == 200

    assert payment(order_id).status == "captured"
    told = dict(outcomes(order_id))
    assert told["processed"] == 1
    # The challenge is told of only when it was the newest that was known.
    assert told.get("action_required", 0) == (order.index(1) < order.index(2))


def test_an_old_failure_that_comes_after_the_challenge_does_not_count(
    client: Client, order_id: UUID, asked: str
) -> None:
    expires_at = (timezone.now() + timedelta(minutes=5)).isoformat()
    facts = {"challenge": "c" * 32, "expires_at": expires_at}
    post(client, body_of(asked, status="challenged", version=2, **facts))

    assert post(client, declined(asked, version=1)).json() == {"result": "ignored"}
    assert payment(order_id).status == "requested"


def test_a_failure_after_the_success_does_not_count(
    client: Client, order_id: UUID, asked: str
) -> None:
    post(client, captured(asked, version=2))

    for version in (1, 2, 3):
        assert post(client, declined(asked, version=version)).json() == {"result": "ignored"}
    assert outcomes(order_id) == PROCESSED


@pytest.mark.parametrize("before", ["cancelled", "declined"])
def test_a_success_for_an_order_that_has_ended_goes_back(
    client: Client, order_id: UUID, asked: str, before: str
) -> None:
    if before == "cancelled":
        say_cancelled(order_id)
        drain()
    else:
        post(client, declined(asked, version=1))
    # As with every charge that this gateway has captured.
    GatewayCharge.objects.update(status="captured")
    charge = str(GatewayCharge.objects.get().pk)

    post(client, body_of(asked, status="captured", version=2, charge=charge))
    drain()

    assert payment(order_id).status == "refunded"
    assert dict(outcomes(order_id))["refunded"] == 1
    assert "processed" not in dict(outcomes(order_id))


def test_a_webhook_that_overtakes_the_calls_own_answer_is_the_one_that_counts(
    client: Client, order_id: UUID
) -> None:
    request_charge(order_id, token_for())
    key = payment(order_id).gateway_key
    post(client, captured(key, version=1))
    drain()  # the call is made, and answers the same

    assert outcomes(order_id) == PROCESSED
    assert payment(order_id).charge == "ch_1"


def test_a_refunds_news_are_recorded_by_its_key(client: Client, order_id: UUID) -> None:
    pay(order_id, REFUND_LATE)
    say_cancelled(order_id)
    drain()
    key = Refund.objects.get().gateway_key
    news = [
        body_of(key, status="done", version=2, kind="refund"),
        body_of(key, status="processing", version=1, kind="refund"),
        body_of(key, status="failed", version=1, kind="refund", message="Old."),
    ]

    results = [post(client, body).json()["result"] for body in news]

    assert results == ["recorded", "ignored", "ignored"]
    assert outcomes(order_id)[-1] == ("refunded", 1)
    drain(now=timezone.now() + timedelta(minutes=1))
    assert outcomes(order_id)[-1] == ("refunded", 1)


@pytest.mark.parametrize("kind", ["charge", "refund"])
def test_what_is_about_nothing_of_ours_is_remembered_and_nothing_else(
    client: Client, kind: str, asked: str
) -> None:
    facts = {"charge": "ch_1"} if kind == "charge" else {}
    status = "captured" if kind == "charge" else "done"
    before = world()

    answer = post(client, body_of("charge-of-others", status=status, kind=kind, **facts))

    assert (answer.status_code, answer.json()) == (200, {"result": "unknown"})
    assert ReceivedWebhook.objects.get().result == "unknown"
    ReceivedWebhook.objects.all().delete()
    assert world() == before
