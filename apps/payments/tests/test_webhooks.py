"""What the gateway tells by itself: late, doubled, reordered, forged."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings as shop
from django.test import Client
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import operations, webhooks
from apps.payments.gateway import gateway
from apps.payments.models import GatewayCharge, GatewayRefund, Payment, ReceivedWebhook, Refund
from apps.payments.tests.factories import (
    BACKWARDS,
    LATE,
    LATE_DECLINE,
    OWNER,
    REFUND_LATE,
    SILENT,
    TWICE,
    payment,
    say_cancelled,
    token_for,
)
from apps.payments.tests.steps import TOTAL, at_once, outcomes, pay, request_charge
from eventbus.models import Event, Parked
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/payments/webhooks/"
PROCESSED = [("requested", 1), ("processed", 1)]


def body_of(key: str | None, *, status: str, version: int = 2, **facts: Any) -> bytes:
    """A charge's news, with an id of its own."""
    told = {"kind": "charge", "key": key, "version": version, "status": status, **facts}
    return json.dumps({"id": f"evt_{uuid7().hex}", "created": "now", "object": told}).encode()


def captured(key: str | None, version: int = 2) -> bytes:
    return body_of(key, status="captured", version=version, charge="ch_1")


def declined(key: str | None, version: int = 2) -> bytes:
    codes = {"code": "card_declined", "decline_code": "generic_decline"}
    return body_of(key, status="declined", version=version, **codes)


def signed(body: bytes, *, key: str = "", at: datetime | None = None) -> str:
    return webhooks.signature(body, key=key or shop.WEBHOOK_KEYS[0], at=at or timezone.now())


def post(client: Client, body: bytes, signature: str | None = None, **more: Any) -> Any:
    header = {webhooks.HEADER: signed(body) if signature is None else signature}
    kind = more.pop("content_type", "application/json")
    return client.post(URL, body, content_type=kind, headers=header)


@pytest.fixture
def asked(order_id: UUID) -> str:
    """The key of a charge that the gateway is silent about."""
    pay(order_id, SILENT)
    return payment(order_id).gateway_key or ""


def world() -> list[Any]:
    """Everything that a webhook may change."""
    tables: list[Any] = [Payment, Refund, ReceivedWebhook]
    return [*(list(table.objects.values()) for table in tables), Event.objects.count()]


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
