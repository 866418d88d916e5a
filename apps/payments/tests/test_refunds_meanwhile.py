"""Giving money back by itself, when the gateway cannot, and many times at once."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from apps.payments import operations
from apps.payments.models import GatewayCard, GatewayRefund, Payment, Refund
from apps.payments.tests.factories import (
    ENDINGS,
    REFUND_FAILS,
    REFUND_LATE,
    payment,
    say_cancelled,
)
from apps.payments.tests.steps import TOTAL, at_once, give_back, later, money, outcomes, pay, totals
from eventbus.testing import drain, published, redeliver

pytestmark = pytest.mark.django_db
Status = Payment.Status


# With the saga -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ENDINGS)
@pytest.mark.parametrize("done", [True, False])
def test_an_order_that_ends_gives_back_what_is_left(
    order_id: UUID, end: Callable[[UUID], None], done: bool
) -> None:
    pay(order_id)
    give_back(order_id, "9.90")
    if done:
        drain()
    end(order_id)
    drain()
    end(order_id)  # by staff again, say
    drain()

    assert sorted(totals(order_id)) == [("50.00", "59.90"), ("9.90", "9.90")]
    assert money(order_id) == ("59.90", "0.00", "0.00")
    assert payment(order_id).status == Status.REFUNDED
    assert sum(each.amount for each in GatewayRefund.objects.all()) == TOTAL


def test_an_order_that_ends_when_all_is_on_its_way_asks_for_nothing_more(order_id: UUID) -> None:
    pay(order_id, REFUND_LATE)
    give_back(order_id, "59.90")
    say_cancelled(order_id)
    drain()
    assert payment(order_id).status == Status.REFUNDING

    later(minutes=1)

    assert totals(order_id) == [("59.90", "59.90")]
    assert payment(order_id).status == Status.REFUNDED


def test_second_deliveries_give_back_once(order_id: UUID) -> None:
    pay(order_id)
    give_back(order_id, "9.90")
    say_cancelled(order_id)
    drain()
    for name in ["payments.refund_requested", "orders.cancelled"]:
        redeliver(name, key=order_id, subscriber="payments")
    drain()

    assert len(totals(order_id)) == 2
    assert GatewayRefund.objects.count() == 2


# The gateway takes its time, or cannot -----------------------------------------------------------


def test_a_refund_is_said_when_the_gateway_says_it(order_id: UUID) -> None:
    pay(order_id, REFUND_LATE)
    give_back(order_id, "10.00")
    drain()
    later(seconds=5)  # asked again meanwhile: still pending
    assert (money(order_id), totals(order_id)) == (("0.00", "10.00", "49.90"), [])

    later(minutes=1)

    assert (money(order_id), totals(order_id)) == (
        ("10.00", "0.00", "49.90"),
        [("10.00", "10.00")],
    )


def test_a_refund_that_fails_later_can_be_tried_anew(order_id: UUID) -> None:
    pay(order_id, REFUND_FAILS)
    failing = give_back(order_id, "59.90")
    drain()
    later(minutes=1)

    failing.refresh_from_db()
    assert failing.status == Refund.Status.FAILED
    assert published("payments.refund_failed", key=order_id) == [
        {
            "order_id": str(order_id),
            "amount": "59.90",
            "currency": "EUR",
            "message": failing.failure,
        }
    ]
    assert (money(order_id), totals(order_id)) == (("0.00", "0.00", "59.90"), [])
    assert payment(order_id).status == Status.CAPTURED

    GatewayCard.objects.update(behaviour="success")  # the shopper's bank is back
    anew = give_back(order_id, "59.90")
    drain()
    later(hours=1)

    assert anew.gateway_key != failing.gateway_key
    assert totals(order_id) == [("59.90", "59.90")]
    assert payment(order_id).status == Status.REFUNDED
    assert len(published("payments.refund_failed")) == 1


def test_a_refund_of_an_ended_order_that_fails_is_left_to_staff(order_id: UUID) -> None:
    pay(order_id, REFUND_FAILS)
    say_cancelled(order_id)
    drain()
    later(minutes=1)
    assert outcomes(order_id) == [("requested", 1), ("processed", 1), ("refund_failed", 1)]
    assert (payment(order_id).status, money(order_id)[2]) == (Status.REFUNDING, "59.90")

    GatewayCard.objects.update(behaviour="success")
    give_back(order_id, "59.90", reason="By bank.")
    drain()

    assert outcomes(order_id)[2:] == [("refunded", 1), ("refund_failed", 1)]
    assert payment(order_id).status == Status.REFUNDED


# Many at once ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_of_two_refunds_at_once_no_more_goes_back_than_was_captured(order_id: UUID) -> None:
    pay(order_id)

    results = at_once(*[partial(give_back, order_id, "30.00")] * 4)

    assert sum(isinstance(each, Refund) for each in results) == 1
    assert sum(isinstance(each, operations.TooMuch) for each in results) == 3
    drain()
    assert totals(order_id) == [("30.00", "30.00")]


@pytest.mark.django_db(transaction=True)
def test_one_key_sent_many_times_at_once_gives_back_once(order_id: UUID) -> None:
    pay(order_id)

    results = at_once(*[partial(give_back, order_id, "10.00", key="once")] * 4)

    assert len({each.pk for each in results}) == 1
    drain()
    assert totals(order_id) == [("10.00", "10.00")]


@pytest.mark.django_db(transaction=True)
def test_a_refund_and_the_orders_end_at_once_give_back_all_and_no_more(order_id: UUID) -> None:
    pay(order_id)

    at_once(
        partial(give_back, order_id, "20.00"),
        partial(operations.end_payments, [order_id]),
        partial(give_back, order_id, "20.00"),
        partial(operations.end_payments, [order_id]),
    )
    drain()

    assert payment(order_id).status == Status.REFUNDED
    assert money(order_id) == ("59.90", "0.00", "0.00")
    told = [Decimal(total) for _, total in totals(order_id)]
    assert all(less < more for less, more in pairwise(told))


@pytest.mark.parametrize(
    "amounts",
    [
        {"refunding_amount": TOTAL + Decimal("0.01")},
        {"refunding_amount": Decimal("-0.01")},
        {"refunded_amount": Decimal("30.00"), "refunding_amount": Decimal("29.91")},
    ],
)
def test_the_database_keeps_refunds_below_the_capture(
    order_id: UUID, amounts: dict[str, Decimal]
) -> None:
    pay(order_id)

    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(order_id=order_id).update(**amounts)


CENTS = st.integers(min_value=1, max_value=7000)
STEPS = st.lists(st.tuples(CENTS, st.sampled_from(["done", "failed", "open"])), max_size=4)


@settings(max_examples=10, deadline=None)
@given(steps=STEPS, ends=st.booleans())
def test_whatever_is_asked_the_books_agree(steps: list[Any], ends: bool) -> None:
    with transaction.atomic():
        order_id = uuid7()
        pay(order_id)
        for cents, course in steps:
            card = GatewayCard.objects.filter(gatewaycharge__reference=str(order_id))
            behaviours = {"done": "success", "failed": "refund_fails", "open": "refund_late"}
            card.update(behaviour=behaviours[course])
            try:
                give_back(order_id, str(Decimal(cents) / 100))
            except operations.TooMuch:
                continue
            drain()
        if ends:
            say_cancelled(order_id)
        for minutes in (1, 2):
            later(minutes=minutes)

        row = payment(order_id)
        kept = row.refunds.filter(status=Refund.Status.DONE)
        gone = GatewayRefund.objects.filter(reference=str(order_id), status="done")
        assert row.refunded_amount == sum(each.amount for each in kept)
        assert row.refunded_amount == sum(each.amount for each in gone)
        assert row.refunding_amount == 0
        assert 0 <= row.refundable <= TOTAL
        assert not ends or row.refundable == 0 or row.refunds.filter(status="failed").exists()
        transaction.set_rollback(True)
