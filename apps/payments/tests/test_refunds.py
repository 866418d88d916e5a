"""Giving money back: in part and in full, by staff."""

from decimal import Decimal
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from apps.payments import operations
from apps.payments.models import GatewayRefund, Payment, Refund
from apps.payments.tests.factories import (
    DECLINED,
    payment,
)
from apps.payments.tests.steps import TOTAL, give_back, money, pay, totals
from eventbus.testing import drain, published

pytestmark = pytest.mark.django_db
Status = Payment.Status


# By staff ----------------------------------------------------------------------------------------


def test_parts_go_back_until_nothing_is_left(order_id: UUID) -> None:
    pay(order_id)

    first = give_back(order_id, "20.10")
    assert money(order_id) == ("0.00", "20.10", "39.80")
    assert totals(order_id) == []  # nothing is said before the gateway has said it
    drain()
    assert payment(order_id).status == Status.CAPTURED
    give_back(order_id, "39.80")
    drain()

    assert totals(order_id) == [("20.10", "20.10"), ("39.80", "59.90")]
    assert money(order_id) == ("59.90", "0.00", "0.00")
    assert payment(order_id).status == Status.REFUNDED
    first.refresh_from_db()
    assert (first.status, first.cause, first.by, first.reason) == (
        Refund.Status.DONE,
        Refund.Cause.STAFF,
        "user:7",
        "Broken.",
    )
    assert sum(each.amount for each in GatewayRefund.objects.all()) == TOTAL


@pytest.mark.parametrize("steps", [("0.01",) * 9, ("0.10", "0.20", "0.30"), ("19.97", "39.93")])
def test_cents_add_up(order_id: UUID, steps: tuple[str, ...]) -> None:
    """0.1 + 0.2 is 0.3, in the database's CHECK too."""
    pay(order_id)
    for amount in steps:
        give_back(order_id, amount)
    drain()

    back = sum(map(Decimal, steps))
    assert money(order_id) == (str(back), "0.00", str(TOTAL - back))


def test_the_same_key_gives_back_once(order_id: UUID) -> None:
    pay(order_id)
    first = give_back(order_id, "10.00", key="once")
    drain()
    again = give_back(order_id, "10.00", key="once")
    drain()

    assert again.pk == first.pk
    assert totals(order_id) == [("10.00", "10.00")]


@pytest.mark.parametrize("other", [{"amount": "10.01"}, {"amount": "10.00", "reason": "Late."}])
def test_a_key_is_not_taken_for_another_refund(order_id: UUID, other: dict[str, str]) -> None:
    pay(order_id)
    give_back(order_id, "10.00", key="once")

    with pytest.raises(operations.KeyReused):
        give_back(order_id, key="once", **other)
    assert money(order_id) == ("0.00", "10.00", "49.90")


def test_a_key_of_another_order_is_another_key(order_id: UUID) -> None:
    other = uuid7()
    for each in (order_id, other):
        pay(each)
        give_back(each, "1.00", key="once")
    drain()

    assert totals(order_id) == totals(other) == [("1.00", "1.00")]


@pytest.mark.parametrize(
    ("amount", "error"),
    [
        ("59.91", operations.TooMuch),
        ("1000000000000", operations.TooMuch),
        ("0", operations.NotAnAmount),
        ("-1", operations.NotAnAmount),
        ("0.001", operations.NotAnAmount),
    ],
)
def test_what_cannot_go_back_changes_nothing(
    order_id: UUID, amount: str, error: type[Exception]
) -> None:
    pay(order_id)

    with pytest.raises(error):
        give_back(order_id, amount)
    assert (Refund.objects.count(), published("payments.refund_requested")) == (0, [])
    assert money(order_id) == ("0.00", "0.00", "59.90")


def test_what_is_on_its_way_cannot_go_back_a_second_time(order_id: UUID) -> None:
    pay(order_id)
    give_back(order_id, "50.00")

    with pytest.raises(operations.TooMuch, match=r"At most €9.90"):
        give_back(order_id, "9.91")
    assert Refund.objects.count() == 1


def test_what_was_never_captured_cannot_go_back(order_id: UUID) -> None:
    with pytest.raises(operations.UnknownPayment):
        give_back(order_id, "1.00")
    pay(order_id, DECLINED)
    with pytest.raises(operations.NothingCaptured):
        give_back(order_id, "1.00")
