"""The mock gateway: a card's outcome is certain, and a key's answer is for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
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
OUTCOMES = [
    ("4242424242424242", None),
    ("5555555555554444", None),
    ("378282246310005", None),
    ("4000000000000002", ("card_declined", "generic_decline")),
    ("4000000000009995", ("card_declined", "insufficient_funds")),
    ("4000000000000069", ("expired_card", "expired_card")),
    ("4000000000000127", ("incorrect_cvc", "incorrect_cvc")),
    ("4000000000000119", ("processing_error", "processing_error")),
    ("4000000000000341", ("card_declined", "generic_decline")),
]


def charge(key: str, reference: str, amount: Decimal = TEN) -> Captured | Declined:
    return gateway.charge(key=key, card=reference, amount=amount, currency="EUR")


def captured(key: str) -> str:
    outcome = charge(key, gateway.store(card(PAID)).reference)
    assert isinstance(outcome, Captured)
    return outcome.charge


def test_every_test_card_is_in_the_table_of_outcomes() -> None:
    assert [number for number, _ in OUTCOMES] == [each.number for each in TEST_CARDS]
    assert all(cards.passes_luhn(number) for number, _ in OUTCOMES)


@pytest.mark.parametrize(("number", "decline"), OUTCOMES)
def test_a_card_gives_its_outcome_100_of_100_times(
    number: str, decline: tuple[str, str] | None
) -> None:
    reference = gateway.store(card(number)).reference

    outcomes = [charge(f"key-{n}", reference) for n in range(100)]

    if decline is None:
        assert len({outcome.charge for outcome in outcomes}) == 100
    else:
        assert outcomes == [Declined(code=decline[0], decline_code=decline[1])] * 100


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

    gateway.refund(key="back", charge=reference, amount=TEN)
    gateway.refund(key="back", charge=reference, amount=TEN)

    assert GatewayRefund.objects.get().amount == TEN


def test_no_more_goes_back_than_was_captured() -> None:
    reference = captured("one")
    gateway.refund(key="part", charge=reference, amount=Decimal("6.00"))

    with pytest.raises(GatewayMisused):
        gateway.refund(key="rest", charge=reference, amount=Decimal("4.01"))

    assert GatewayRefund.objects.count() == 1


def test_a_declined_charge_cannot_be_refunded() -> None:
    charge("one", str(GatewayCardFactory(behaviour="generic_decline").pk))
    declined = GatewayCharge.objects.get()

    with pytest.raises(GatewayMisused):
        gateway.refund(key="back", charge=str(declined.pk), amount=TEN)


def test_a_number_that_is_no_test_card_is_not_kept() -> None:
    with pytest.raises(CardRefused, match="not a test card"):
        gateway.store(card("4111111111111111"))

    assert GatewayCard.objects.count() == 0


def test_a_card_prints_neither_number_nor_security_code() -> None:
    assert PAID not in repr(card(PAID))
    assert "123" not in repr(card(PAID))
