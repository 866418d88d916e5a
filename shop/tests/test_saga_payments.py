"""Every way that a payment can go, through all contexts: challenges, silence, and refunds."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from apps.inventory.models import StockItem
from apps.payments import operations
from apps.payments.models import GatewayRefund, Payment
from eventbus.testing import drain, published
from shop.invariants import violations
from shop.tests.cards import SILENT_THEN_PAID
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)
CHALLENGE, CHALLENGE_DECLINE = "4000000000003220", "4000008400001629"
REFUND_FAILS = "4000000000005126"
TOLD_TWICE, TOLD_BACKWARDS, DECLINED_LATER = (
    *("9911730000000035", "9911730000000043", "9911730000000050"),
)
BROKEN_TWICE = "9911730000000068"
SEEDS = range(2)


def later(seed: int | None = None, **time: int) -> None:
    drain(seed=seed, now=timezone.now() + timedelta(**time))


def units(sku: str) -> tuple[int, int]:
    """(on hand, held)"""
    return StockItem.objects.values_list("on_hand", "held").get(sku=sku)


def challenged(shopper: Shopper, sku: str, card: str) -> tuple[str, str]:
    """(order, path of its challenge in the API)"""
    order = shopper.buy(sku, card=card)
    drain()
    assert (shopper.status(order), units(sku)) == ("PENDING", (1, 1))
    [asked] = published("payments.action_required", key=order)
    return order, asked["url"].removeprefix("/")


@pytest.mark.parametrize(
    ("card", "answer", "end"),
    [
        (CHALLENGE, "approve", "CONFIRMED"),
        (CHALLENGE, "deny", "FAILED"),
        (CHALLENGE, "", "FAILED"),
        (CHALLENGE_DECLINE, "approve", "FAILED"),
    ],
)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_challenge_answered_denied_or_forgotten(
    card: str, answer: str, end: str, seed: int
) -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    order, path = challenged(ada, sku, card)
    if answer:
        assert ada.ask("POST", path, {"answer": answer}).status == 200
        drain(seed=seed)
    else:
        later(seed, minutes=11)
    assert ada.status(order) == end
    assert units(sku) == ((0, 0) if end == "CONFIRMED" else (1, 0))
    assert ada.cart() == ({} if end == "CONFIRMED" else {sku: 1})
    later(seed, minutes=31)
    assert violations() == []


def test_a_cancel_while_the_bank_asks_charges_nothing() -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    order, path = challenged(ada, sku, CHALLENGE)
    assert ada.cancel(order).status == 200
    drain()
    assert ada.ask("POST", path, {"answer": "approve"}).status == 409
    later(minutes=31)
    assert (ada.status(order), units(sku)) == ("CANCELLED", (1, 0))
    assert Payment.objects.get().captured_amount == 0
    assert violations() == []


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("card", "end"),
    [
        (SILENT_THEN_PAID, "CONFIRMED"),
        (TOLD_TWICE, "CONFIRMED"),
        (TOLD_BACKWARDS, "CONFIRMED"),
        (BROKEN_TWICE, "CONFIRMED"),
        (DECLINED_LATER, "FAILED"),
    ],
)
def test_a_gateway_that_answers_by_webhook_or_only_when_asked_again(
    card: str, end: str, seed: int
) -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    order = ada.buy(sku, card=card)
    drain(seed=seed)
    assert ada.status(order) == "PENDING"
    for minutes in (1, 2):
        later(seed, minutes=minutes)
    assert ada.status(order) == end
    assert units(sku) == ((0, 0) if end == "CONFIRMED" else (1, 0))
    assert violations() == []


def test_a_refund_in_part_then_the_rest_with_the_cancel() -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    order = ada.buy(sku)
    drain()
    give_back: dict[str, Any] = {"reason": "A scratch.", "by": "user:7"}
    refund = operations.refund_payment(
        order_id=Payment.objects.get().order_id, amount=Decimal("1.50"), key="one", **give_back
    )
    drain()
    assert ada.status(order) == "CONFIRMED"
    assert Decimal(ada.look(order)["refunded"]) == refund.amount
    assert violations() == []

    assert ada.cancel(order).status == 200
    drain()
    seen = ada.look(order)
    assert seen["refunded"] == seen["total"]
    assert GatewayRefund.objects.count() == 2
    assert violations() == []


def test_a_refund_that_fails_later_is_told_and_not_counted() -> None:
    sku, ada = ArticleFactory(units=1), Shopper()
    order = ada.buy(sku, card=REFUND_FAILS)
    drain()
    assert ada.cancel(order).status == 200
    drain()
    later(minutes=1)
    assert Decimal(ada.look(order)["refunded"]) == 0
    assert len(published("payments.refund_failed", key=order)) == 1
    assert published("payments.refunded", key=order) == []
    assert violations() == []
