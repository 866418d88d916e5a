"""The mock gateway: a card's outcome is certain, and a key's answer is for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from apps.payments import cards
from apps.payments.gateway import (
    TEST_CARDS,
    Captured,
    CardRefused,
    Declined,
    GatewayMisused,
    gateway,
)
from apps.payments.models import GatewayCard, GatewayCharge, GatewayRefund
from apps.payments.tests.factories import DECLINED, PAID, GatewayCardFactory, card

pytestmark = pytest.mark.django_db
TEN = Decimal("10.00")


def charge(key: str, reference: str, amount: Decimal = TEN) -> Captured | Declined:
    return gateway.charge(key=key, card=reference, amount=amount, currency="EUR", reference="order")


def captured(key: str) -> str:
    outcome = charge(key, gateway.store(card(PAID)).reference)
    assert isinstance(outcome, Captured)
    return outcome.charge


def test_every_test_card_has_a_number_that_could_be_one() -> None:
    numbers = [each.number for each in TEST_CARDS]

    assert len(set(numbers)) == len(numbers)
    assert all(cards.passes_luhn(number) for number in numbers)


@pytest.mark.parametrize("number", [PAID, DECLINED])
def test_the_same_key_gets_the_same_answer(number: str) -> None:
    reference = gateway.store(card(number)).reference

    first, second = charge("one", reference), charge("one", reference)

    assert first == second
    assert GatewayCharge.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_with_one_key_get_one_charge() -> None:
    reference = gateway.store(card(PAID)).reference

    def ask(_: int) -> Captured | Declined:
        try:
            return charge("one", reference)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers: Iterator[Captured | Declined] = pool.map(ask, range(8))

    assert len(set(answers)) == 1
    assert GatewayCharge.objects.count() == 1


def test_a_key_is_not_taken_for_another_amount() -> None:
    reference = gateway.store(card(PAID)).reference
    charge("one", reference)

    with pytest.raises(GatewayMisused):
        charge("one", reference, Decimal("11.00"))


def test_a_refund_happens_once_a_key() -> None:
    reference = captured("one")

    gateway.refund(key="back", charge=reference, amount=TEN, reference="order")
    gateway.refund(key="back", charge=reference, amount=TEN, reference="order")

    assert GatewayRefund.objects.get().amount == TEN


def test_no_more_goes_back_than_was_captured() -> None:
    reference = captured("one")
    gateway.refund(key="part", charge=reference, amount=Decimal("6.00"), reference="order")

    with pytest.raises(GatewayMisused):
        gateway.refund(key="rest", charge=reference, amount=Decimal("4.01"), reference="order")

    assert GatewayRefund.objects.count() == 1


def test_a_declined_charge_cannot_be_refunded() -> None:
    charge("one", str(GatewayCardFactory(behaviour="generic_decline").pk))
    declined = GatewayCharge.objects.get()

    with pytest.raises(GatewayMisused):
        gateway.refund(key="back", charge=str(declined.pk), amount=TEN, reference="order")


def test_a_number_that_is_no_test_card_is_not_kept() -> None:
    with pytest.raises(CardRefused, match="not a test card"):
        gateway.store(card("4111111111111111"))

    assert GatewayCard.objects.count() == 0


def test_a_card_prints_neither_number_nor_security_code() -> None:
    assert PAID not in repr(card(PAID))
    assert "123" not in repr(card(PAID))


def test_the_documentation_lists_every_test_card() -> None:
    page = Path(settings.BASE_DIR, "docs", "payments.md").read_text()

    assert [each.number for each in TEST_CARDS if each.number not in page] == []
