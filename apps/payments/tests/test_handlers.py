"""The saga's part that is payments': every event once, twice and out of order."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import operations
from apps.payments.declines import MESSAGES
from apps.payments.gateway import TEST_CARDS, gateway
from apps.payments.gateway.numbers import BEHAVIOURS
from apps.payments.models import GatewayCharge, Payment, PaymentMethod, Refund
from apps.payments.tests.factories import (
    NO_FUNDS,
    PAID,
    PaymentMethodFactory,
    payment,
    say_cancelled,
    say_created,
    say_failed,
    say_reserved,
    token_for,
)
from apps.payments.tests.steps import ORDERS, TOTAL, outcomes, pay, request_charge, say
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db
Status = Payment.Status


@pytest.mark.parametrize("events", ORDERS)
def test_the_second_of_order_and_reservation_asks_for_the_charge(
    order_id: UUID, events: tuple[str, str]
) -> None:
    token = token_for(PAID)

    say(events[0], order_id, token)
    drain()
    assert (payment(order_id).status, outcomes(order_id)) == (Status.NEW, [])

    say(events[1], order_id, token)
    drain()
    assert outcomes(order_id) == [("requested", 1), ("processed", 1)]
    assert published("payments.processed") == [
        {
            "order_id": str(order_id),
            "amount": "59.90",
            "currency": "EUR",
            "brand": "visa",
            "last4": "4242",
        }
    ]
    paid = payment(order_id)
    assert (paid.status, paid.captured_amount, paid.refunded_amount) == (Status.CAPTURED, TOTAL, 0)
    assert GatewayCharge.objects.get().key == paid.gateway_key


def test_second_deliveries_charge_and_say_nothing_more(order_id: UUID) -> None:
    pay(order_id)

    for name in ["orders.created", "inventory.reserved", "payments.requested"]:
        redeliver(name, key=order_id, subscriber="payments")
    drain()

    assert outcomes(order_id) == [("requested", 1), ("processed", 1)]
    assert GatewayCharge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_key_is_committed_before_the_gateway_is_asked_outside_any_transaction(
    order_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    charge, seen = gateway.charge, []

    def watched(**request: Any) -> Any:
        asking = payment(order_id)
        seen.append((connection.in_atomic_block, asking.gateway_key, asking.asked_at is not None))
        return charge(**request)

    monkeypatch.setattr(gateway, "charge", watched)
    pay(order_id)

    (request,) = published("payments.requested", key=order_id)
    assert seen == [(False, request["gateway_key"], True)]
    assert request["intent_id"] == str(payment(order_id).pk)


@pytest.mark.parametrize(
    ("number", "code", "decline_code"),
    [
        ("4000000000000002", "card_declined", "generic_decline"),
        ("4000000000009995", "card_declined", "insufficient_funds"),
        ("4000000000000069", "expired_card", "expired_card"),
        ("4000000000000127", "incorrect_cvc", "incorrect_cvc"),
        ("4000000000000119", "processing_error", "processing_error"),
        ("4000000000000341", "card_declined", "generic_decline"),
    ],
)
def test_a_decline_fails_the_payment_with_its_reason(
    order_id: UUID, number: str, code: str, decline_code: str
) -> None:
    pay(order_id, number)

    (failed,) = published("payments.failed", key=order_id)
    assert (failed["code"], failed["decline_code"]) == (code, decline_code)
    assert failed["message"].endswith(".")
    assert outcomes(order_id) == [("requested", 1), ("failed", 1)]
    assert (payment(order_id).status, payment(order_id).captured_amount) == (Status.FAILED, 0)


def test_every_decline_has_words_of_its_own() -> None:
    assert {each.behaviour for each in TEST_CARDS} - set(BEHAVIOURS) <= set(MESSAGES)


def test_the_failure_of_the_order_after_a_decline_changes_nothing(order_id: UUID) -> None:
    pay(order_id, NO_FUNDS)

    say_failed(order_id)
    drain()
    redeliver("orders.failed", key=order_id, subscriber="payments")
    redeliver("payments.requested", key=order_id, subscriber="payments")
    drain()

    assert payment(order_id).status == Status.FAILED
    assert outcomes(order_id) == [("requested", 1), ("failed", 1)]


# The payment method -----------------------------------------------------------------------------


def refused(order_id: UUID, token: str, **order: object) -> bool:
    """Whether the order's payment fails for its method, with nothing asked of the gateway."""
    say_created(order_id, token, **order)
    say_reserved(order_id)
    drain()
    codes = [failed["code"] for failed in published("payments.failed", key=order_id)]
    asked = GatewayCharge.objects.filter(key=payment(order_id).gateway_key).exists()
    return codes == ["method_invalid"] and not asked


def test_an_unknown_method_is_refused(order_id: UUID) -> None:
    assert refused(order_id, "pm_made-up")


def test_somebody_elses_method_is_refused_and_stays_unused(order_id: UUID) -> None:
    assert refused(order_id, token_for(owner="cart:0123"))
    assert PaymentMethod.objects.get().used_by_order is None


def test_a_method_older_than_half_an_hour_is_refused(order_id: UUID) -> None:
    old = timezone.now() - timedelta(minutes=30, seconds=1)
    PaymentMethodFactory(token="pm_old", created_at=old)

    assert refused(order_id, "pm_old")


def test_a_method_that_was_good_when_the_order_was_placed_is_taken_later(order_id: UUID) -> None:
    now = timezone.now()
    PaymentMethodFactory(token="pm_slow", created_at=now - timedelta(minutes=40))

    placed_at = (now - timedelta(minutes=15)).isoformat()
    assert not refused(order_id, "pm_slow", placed_at=placed_at)
    assert outcomes(order_id) == [("requested", 1), ("processed", 1)]


@pytest.mark.parametrize("seed", range(10))
def test_of_two_orders_with_one_method_one_pays(seed: int) -> None:
    token, orders = token_for(), [uuid7(), uuid7()]
    for order_id in orders:
        say_created(order_id, token)
        say_reserved(order_id)

    drain(seed=seed)

    assert sorted(payment(order_id).status for order_id in orders) == ["captured", "failed"]
    assert GatewayCharge.objects.count() == 1
    assert [failed["code"] for failed in published("payments.failed")] == ["method_invalid"]


@pytest.mark.django_db(transaction=True)
def test_of_two_orders_that_take_one_method_at_once_one_has_it() -> None:
    token, orders = token_for(), [uuid7(), uuid7(), uuid7(), uuid7()]
    at_once = Barrier(len(orders))

    def take(order_id: UUID) -> str:
        try:
            at_once.wait()
            request_charge(order_id, token)
            return payment(order_id).status
        finally:
            connection.close()

    with ThreadPoolExecutor(len(orders)) as pool:
        statuses = sorted(pool.map(take, orders))

    assert statuses == ["failed", "failed", "failed", "requested"]
    assert PaymentMethod.objects.get().used_by_order in orders
    assert len(published("payments.requested")) == 1


# Time and amounts -------------------------------------------------------------------------------


def test_no_charge_starts_after_pay_before(order_id: UUID) -> None:
    late = (timezone.now() - timedelta(seconds=1)).isoformat()
    say_created(order_id, token_for(), pay_before=late)
    say_reserved(order_id)
    drain()

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [])
    assert GatewayCharge.objects.count() == 0


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_charge_that_was_not_begun_in_time_is_dropped(order_id: UUID, cancelled: bool) -> None:
    request_charge(order_id, token_for())
    Payment.objects.update(pay_before=timezone.now())
    if cancelled:
        operations.end_payments([order_id])
    drain()

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [("requested", 1)])
    assert GatewayCharge.objects.count() == 0


def test_a_charge_that_was_not_begun_when_the_order_ended_is_dropped(order_id: UUID) -> None:
    request_charge(order_id, token_for())
    operations.end_payments([order_id])
    drain()

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [("requested", 1)])
    assert GatewayCharge.objects.count() == 0


def test_a_free_order_is_paid_at_once_without_a_card(order_id: UUID) -> None:
    say_created(order_id, "", total=Decimal("0.00"))
    say_reserved(order_id)
    drain()

    (processed,) = published("payments.processed", key=order_id)
    assert (processed["amount"], processed["brand"]) == ("0.00", "")
    assert GatewayCharge.objects.count() == 0

    say_cancelled(order_id)
    drain()
    assert (payment(order_id).status, Refund.objects.count()) == (Status.VOID, 0)


@pytest.mark.parametrize(
    "amounts",
    [
        {"captured_amount": TOTAL + 1},
        {"refunded_amount": TOTAL + 1},
        {"refunded_amount": -1},
        {"captured_amount": 0, "refunded_amount": 1},
    ],
)
def test_the_database_keeps_the_amounts_in_order(
    order_id: UUID, amounts: dict[str, Decimal]
) -> None:
    pay(order_id)

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(order_id=order_id).update(**amounts)
