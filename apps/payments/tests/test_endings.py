"""What becomes of a payment when its order ends, and while the gateway is silent."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import operations, queries
from apps.payments.gateway import gateway
from apps.payments.models import GatewayCharge, GatewayRefund, Payment, Refund
from apps.payments.tests.factories import (
    BACKWARDS,
    BROKEN,
    CHALLENGE,
    DECLINED,
    ENDINGS,
    LATE,
    LATE_DECLINE,
    OWNER,
    PAID,
    TWICE,
    payment,
    say_cancelled,
    say_created,
    say_reserved,
    token_for,
)
from apps.payments.tests.steps import ORDERS, TOTAL, outcomes, pay, request_charge, say
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db
Status = Payment.Status


# The order ends ---------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("events", [*ORDERS, ("created",), ("reserved",), ()])
def test_an_order_that_ended_first_is_never_charged(
    order_id: UUID, end: Callable[[UUID], None], events: tuple[str, ...]
) -> None:
    token = token_for()
    for event in events[:1] if len(events) == 1 else ():
        say(event, order_id, token)
    drain()
    end(order_id)
    drain()
    for event in events:
        say(event, order_id, token)
    drain()
    redeliver(f"orders.{end.__name__[4:]}", key=order_id, subscriber="payments")

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [])
    assert GatewayCharge.objects.count() == 0


@pytest.mark.parametrize("end", ENDINGS)
def test_an_order_that_ends_after_it_was_paid_is_refunded_once(
    order_id: UUID, end: Callable[[UUID], None]
) -> None:
    pay(order_id)

    end(order_id)
    drain()
    for name in [f"orders.{end.__name__[4:]}", "payments.refund_requested", "payments.requested"]:
        redeliver(name, key=order_id, subscriber="payments")
    say_cancelled(order_id)
    drain()

    assert outcomes(order_id) == [("requested", 1), ("processed", 1), ("refunded", 1)]
    assert published("payments.refunded") == [
        {
            "order_id": str(order_id),
            "amount": "59.90",
            "total_refunded": "59.90",
            "currency": "EUR",
        }
    ]
    assert (payment(order_id).status, payment(order_id).refunded_amount) == (
        Status.REFUNDED,
        TOTAL,
    )
    assert [(refund.status, refund.amount) for refund in queries.refunds_of(order_id)] == [
        (Refund.Status.DONE, TOTAL)
    ]
    assert GatewayRefund.objects.get().amount == TOTAL


def in_flight(order_id: UUID, number: str, silent: Callable[..., list[str]]) -> list[str]:
    """The charge took effect, but its answer was lost; the order is cancelled, and the gateway is
    still silent."""
    asked = silent("charge", times=2, after=True)
    pay(order_id, number)
    assert payment(order_id).status == Status.REQUESTED
    say_cancelled(order_id)
    drain()
    assert payment(order_id).status == Status.CANCEL_REQUESTED
    return asked


def test_a_success_that_arrives_after_the_cancel_is_refunded_in_that_step(
    order_id: UUID, silent: Callable[..., list[str]]
) -> None:
    asked = in_flight(order_id, PAID, silent)

    drain(now=timezone.now() + timedelta(minutes=1))

    assert asked == [payment(order_id).gateway_key] * 3
    assert outcomes(order_id) == [("requested", 1), ("refunded", 1)]
    assert payment(order_id).status == Status.REFUNDED
    assert (GatewayCharge.objects.count(), GatewayRefund.objects.count()) == (1, 1)


def test_a_decline_that_arrives_after_the_cancel_is_told_to_nobody(
    order_id: UUID, silent: Callable[..., list[str]]
) -> None:
    in_flight(order_id, DECLINED, silent)

    drain(now=timezone.now() + timedelta(minutes=1))

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [("requested", 1)])


@pytest.mark.parametrize("status", [Status.VOID, Status.FAILED, Status.CANCEL_REQUESTED])
def test_a_late_success_is_refunded_whatever_the_payment_had_become(
    order_id: UUID, status: Status
) -> None:
    request_charge(order_id, token_for())
    [begun] = operations.begin_charges([order_id]).values()
    wanted = {"key": begun.gateway_key, "card": begun.card, "amount": TOTAL, "currency": "EUR"}
    outcome = gateway.charge(**wanted, reference=str(order_id))
    Payment.objects.update(status=status)

    operations.record_charge(order_id=order_id, outcome=outcome)
    drain()

    assert payment(order_id).status == Status.REFUNDED
    assert outcomes(order_id) == [("requested", 1), ("refunded", 1)]


def test_a_call_that_died_is_not_made_again_for_an_order_that_has_ended(order_id: UUID) -> None:
    """It was begun, and nobody knows whether the gateway heard of it."""
    request_charge(order_id, token_for())
    operations.begin_charges([order_id])
    operations.end_payments([order_id])
    drain()

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [("requested", 1)])
    assert [charge.status for charge in GatewayCharge.objects.all()] == ["cancelled"]


def test_a_call_that_died_starts_nothing_when_the_time_to_pay_is_over(order_id: UUID) -> None:
    request_charge(order_id, token_for())
    operations.begin_charges([order_id])
    Payment.objects.update(pay_before=timezone.now())
    drain()
    assert (payment(order_id).status, GatewayCharge.objects.count()) == (Status.REQUESTED, 0)

    say_cancelled(order_id)  # as orders does now
    drain()

    assert (payment(order_id).status, outcomes(order_id)) == (Status.VOID, [("requested", 1)])


# A silent gateway is unknown, never a no ---------------------------------------------------------


@pytest.mark.parametrize("after", [False, True])
def test_a_silent_gateway_is_asked_again_with_the_same_key(
    order_id: UUID, silent: Callable[..., list[str]], after: bool
) -> None:
    asked = silent("charge", times=3, after=after)
    pay(order_id)
    assert outcomes(order_id) == [("requested", 1)]

    for minutes in range(1, 6):
        drain(now=timezone.now() + timedelta(minutes=minutes))

    assert asked == [payment(order_id).gateway_key] * 4
    assert outcomes(order_id) == [("requested", 1), ("processed", 1)]
    assert GatewayCharge.objects.count() == 1


@pytest.mark.parametrize("after", [False, True])
def test_a_refund_without_an_answer_is_asked_again_with_the_same_key(
    order_id: UUID, silent: Callable[..., list[str]], after: bool
) -> None:
    asked = silent("refund", times=2, after=after)
    pay(order_id)
    say_cancelled(order_id)
    drain()
    assert (payment(order_id).status, outcomes(order_id)[1:]) == (
        Status.REFUNDING,
        [("processed", 1)],
    )

    for minutes in range(1, 4):
        drain(now=timezone.now() + timedelta(minutes=minutes))

    assert asked == [Refund.objects.get().gateway_key] * 3
    assert outcomes(order_id)[-1] == ("refunded", 1)
    assert GatewayRefund.objects.count() == 1


# Everything at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(15))
def test_in_any_order_of_events_no_money_stays_for_an_ended_order(
    seed: int, silent: Callable[..., list[str]]
) -> None:
    numbers = [PAID, DECLINED, PAID, LATE, TWICE, BACKWARDS, LATE_DECLINE, BROKEN, CHALLENGE, PAID]
    orders = [(uuid7(), token_for(number)) for number in numbers]
    kept_order = orders[-1][0]
    silent("charge", times=seed % 3, after=seed % 2 == 0)
    silent("refund", times=seed % 4, after=seed % 2 == 1)
    for order_id, token in orders:
        say_created(order_id, token)
        say_reserved(order_id)
        if seed % 5 == 0:
            drain(seed=seed)
        if order_id != kept_order:
            say_cancelled(order_id)
    for minutes in range(8):
        drain(seed=seed, now=timezone.now() + timedelta(minutes=minutes))

    for order_id, _ in orders[:-1]:
        ended = payment(order_id)
        assert ended.captured_amount == ended.refunded_amount
        assert ended.status in (Status.VOID, Status.FAILED, Status.REFUNDED)
        assert len(published("payments.refunded", key=order_id)) == (ended.captured_amount > 0)
    assert payment(kept_order).status == Status.CAPTURED
    kept = sum(charge.amount for charge in GatewayCharge.objects.filter(status="captured"))
    returned = sum(refund.amount for refund in GatewayRefund.objects.all())
    assert kept - returned == TOTAL


def test_a_method_is_for_its_owner_alone() -> None:
    token = token_for()

    assert queries.unused_method(token=token, owner=OWNER) is not None
    assert queries.unused_method(token=token, owner="user:2") is None
    assert queries.unused_method(token=token, owner=None) is None
