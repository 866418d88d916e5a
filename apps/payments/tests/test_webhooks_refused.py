"""Messages that are forged, stale or malformed, and what comes many times at once."""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from apps.payments import operations
from apps.payments.gateway import gateway
from apps.payments.models import GatewayRefund, ReceivedWebhook
from apps.payments.tests.factories import (
    OWNER,
    SILENT,
    payment,
    token_for,
)
from apps.payments.tests.messages import (
    PROCESSED,
    URL,
    body_of,
    captured,
    post,
    signed,
    world,
)
from apps.payments.tests.steps import TOTAL, at_once, outcomes, pay, request_charge
from eventbus.testing import drain

pytestmark = pytest.mark.django_db


# Not taken ---------------------------------------------------------------------------------------


def refused(client: Client, body: bytes, signature: str | None, code: str) -> None:
    """400 with that code, as a problem, and nothing has changed."""
    before = world()
    answer = post(client, body, signature)
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert world() == before


@pytest.mark.parametrize(
    "forge",
    [
        lambda body: "",
        lambda body: "nonsense",
        lambda body: signed(body, key="somebody else's key"),
        lambda body: signed(body + b" "),
        lambda body: signed(body).replace("v1=", "v0="),
        lambda body: signed(body).upper(),
        lambda body: signed(body)[:-1],
        lambda body: signed(body).replace("t=", "t=1"),
        lambda body: "t=9999999999999999," + signed(body).partition(",")[2],
        lambda body: signed(body) + ",v1=" + "0" * 64 * 9,
        lambda body: "t=1,v1=" + "é" * 64,
    ],
)
def test_a_forged_message_changes_nothing(
    client: Client, asked: str, forge: Callable[[bytes], str]
) -> None:
    body = captured(asked)

    refused(client, body, forge(body), "webhook_signature")


def test_the_same_data_in_other_bytes_is_forged(client: Client, asked: str) -> None:
    body = captured(asked)
    spaced = json.dumps(json.loads(body), indent=1).encode()

    refused(client, spaced, signed(body), "webhook_signature")


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_stale_message_changes_nothing(client: Client, asked: str, minutes: int) -> None:
    body = captured(asked)
    at = timezone.now() + timedelta(minutes=minutes)

    refused(client, body, signed(body, at=at), "webhook_stale")


@pytest.mark.parametrize("minutes", [-4, 4])
def test_clocks_may_differ_a_little(client: Client, asked: str, minutes: int) -> None:
    body = captured(asked)
    at = timezone.now() + timedelta(minutes=minutes)

    assert post(client, body, signed(body, at=at)).status_code == 200


GOOD: dict[str, Any] = {"kind": "charge", "key": "k", "version": 1, "status": "processing"}


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"null", b"[]", b"{}", b'"text"', b"\xff\xfe", b"NaN", b"[" * 100_000),
        *(
            json.dumps({"id": "evt_1", "object": GOOD | wrong}).encode()
            for wrong in [
                {"kind": "dispute"},
                {"status": "sold"},
                {"status": "captured"},  # without the charge
                {"status": "captured", "charge": "a b"},
                {"status": "declined"},
                {"status": "declined", "code": "c" * 41},
                {"status": "challenged", "challenge": "c"},
                {"kind": "refund", "status": "failed", "message": "\x00"},
                {"version": 0},
                {"version": True},
                {"version": 2**31},
                {"version": "1"},
                {"key": ""},
                {"key": "k" * 65},
                {"key": "k\x00"},
                {"key": None},
            ]
        ),
        *(json.dumps({"id": i, "object": GOOD}).encode() for i in ["", "e" * 65, "\x00", 7, None]),
        json.dumps({"id": "evt_1", "object": []}).encode(),
    ],
)
def test_a_malformed_message_changes_nothing(client: Client, body: bytes) -> None:
    refused(client, body, signed(body), "webhook_malformed")


def test_the_type_of_the_content_does_not_matter_but_the_signature_does(
    client: Client, asked: str
) -> None:
    assert post(client, captured(asked), content_type="text/plain").status_code == 200
    assert post(client, captured(asked), "", content_type="text/plain").status_code == 400
    assert client.get(URL).status_code == 405


def test_a_key_is_changed_without_a_gap(client: Client, asked: str, settings: Any) -> None:
    old = settings.WEBHOOK_KEYS[0]
    settings.WEBHOOK_KEYS = ["new", old]
    body = body_of(asked, status="processing", version=1)
    both = f"{signed(body, key='unknown')},{signed(body, key=old).partition(',')[2]}"

    assert post(client, body, signed(body, key=old)).json() == {"result": "ignored"}
    assert post(client, body, signed(body, key="new")).json() == {"result": "duplicate"}
    assert post(client, body, both).json() == {"result": "duplicate"}
    settings.WEBHOOK_KEYS = ["new"]
    refused(client, body, signed(body, key=old), "webhook_signature")


def test_nobody_needs_to_be_known_and_nobody_is(client: Client, asked: str) -> None:
    """Neither a session nor a token counts, and no form is asked for its own."""
    strict = Client(enforce_csrf_checks=True)
    strict.cookies["cart_token"] = OWNER

    assert post(strict, captured(asked)).status_code == 200


# At once -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_one_message_that_comes_many_times_at_once_counts_once(order_id: UUID) -> None:
    pay(order_id, SILENT)
    body = captured(payment(order_id).gateway_key)

    results = at_once(*[partial(post, Client(), body)] * 4)

    told = sorted(answer.json()["result"] for answer in results)
    assert told == ["duplicate", "duplicate", "duplicate", "recorded"]
    assert outcomes(order_id) == PROCESSED
    assert ReceivedWebhook.objects.get().deliveries == 4


@pytest.mark.django_db(transaction=True)
def test_a_success_told_in_two_ways_while_the_order_ends_leaves_no_money(order_id: UUID) -> None:
    request_charge(order_id, token_for())
    [begun] = operations.begin_charges([order_id]).values()
    outcome = gateway.charge(
        key=begun.gateway_key, card=begun.card, amount=TOTAL, currency="EUR", reference="order"
    )
    body = body_of(begun.gateway_key, status="captured", version=1, charge=outcome.charge)

    at_once(
        partial(operations.record_charge, order_id=order_id, outcome=outcome),
        partial(operations.end_payments, [order_id]),
        partial(post, Client(), body),
    )
    drain()

    assert payment(order_id).status == "refunded"
    assert dict(outcomes(order_id))["refunded"] == 1
    assert GatewayRefund.objects.get().amount == TOTAL
