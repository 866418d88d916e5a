"""The payment gateway: the port that payments talks to, and the mock behind it.

A gateway answers the same key with the same outcome for ever. An answer that does not come is
not a "no": it is unknown, and is asked for again with the same key.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from apps.payments.models import GatewayCard, GatewayCharge, GatewayRefund


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card as it was typed. Lives for one call: never stored, logged or printed."""

    number: str = field(repr=False)  # digits only, Luhn-valid
    exp_month: int
    exp_year: int  # four digits
    cvc: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCard:
    """A card that the gateway keeps."""

    reference: str
    brand: str  # as "visa"
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The charge went through."""

    charge: str  # the gateway's reference, for refunds


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The gateway or the card's issuer said no, for good."""

    code: str  # "card_declined", "expired_card", "incorrect_cvc", "processing_error"
    decline_code: str  # the issuer's reason, as "insufficient_funds"


Outcome = Captured | Declined


class CardRefused(Exception):
    """The gateway does not keep such a card. The message is for the shopper."""


class GatewayUnavailable(Exception):
    """No answer came: whether it took effect is unknown. Ask again with the same key."""


class GatewayMisused(Exception):
    """A request that no gateway can accept: a defect here, never the shopper's doing."""


class Gateway(Protocol):
    """What payments asks of a gateway. Every method may raise GatewayUnavailable."""

    def store(self, card: Card) -> StoredCard:
        """Keep the card; raises CardRefused."""

    def charge(self, *, key: str, card: str, amount: Decimal, currency: str) -> Outcome:
        """Take `amount` from the card with that reference, once a key."""

    def refund(self, *, key: str, charge: str, amount: Decimal) -> None:
        """Give `amount` of the charge back, once a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCard:
    """A number that the mock knows."""

    __test__ = False  # not a test case, whatever its name says

    number: str
    brand: str
    behaviour: str  # "success" or the decline code
    effect: str  # for people


TEST_CARDS = (
    TestCard(number="4242424242424242", brand="visa", behaviour="success", effect="Paid"),
    TestCard(number="5555555555554444", brand="mastercard", behaviour="success", effect="Paid"),
    TestCard(number="378282246310005", brand="amex", behaviour="success", effect="Paid"),
    TestCard(
        number="4000000000000002", brand="visa", behaviour="generic_decline", effect="Declined"
    ),
    TestCard(
        number="4000000000009995",
        brand="visa",
        behaviour="insufficient_funds",
        effect="Declined: insufficient funds",
    ),
    TestCard(
        number="4000000000000069", brand="visa", behaviour="expired_card", effect="Expired card"
    ),
    TestCard(
        number="4000000000000127",
        brand="visa",
        behaviour="incorrect_cvc",
        effect="Wrong security code",
    ),
    TestCard(
        number="4000000000000119",
        brand="visa",
        behaviour="processing_error",
        effect="Processing error",
    ),
    TestCard(
        number="4000000000000341",
        brand="visa",
        behaviour="generic_decline",
        effect="Kept, then declined when charged",
    ),
)


def shown_test_cards() -> tuple[TestCard, ...]:
    """The numbers to print beside the form: all where people try the shop out, none elsewhere."""
    return TEST_CARDS if settings.MAILBOX_PAGE else ()


OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error"}  # else "card_declined"


class MockGateway:
    """Plays the gateway on tables of its own. It is called outside any transaction, so that, as
    with a real one, what it did stays done whatever becomes of the caller."""

    def store(self, card: Card) -> StoredCard:
        """Keep brand, last digits, expiry and behaviour of a test card; raises CardRefused."""
        known = next((each for each in TEST_CARDS if each.number == card.number), None)
        if known is None:
            raise CardRefused("This is not a test card: this shop takes test cards only.")
        kept = GatewayCard.objects.create(
            brand=known.brand,
            last4=card.number[-4:],
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            behaviour=known.behaviour,
        )
        return StoredCard(
            reference=str(kept.pk),
            brand=kept.brand,
            last4=kept.last4,
            exp_month=kept.exp_month,
            exp_year=kept.exp_year,
        )

    def charge(self, *, key: str, card: str, amount: Decimal, currency: str) -> Outcome:
        """The card's outcome; asked again, also at once, the same. Raises GatewayMisused when
        the key was used for another charge."""
        kept = GatewayCard.objects.get(pk=card)
        declined = "" if kept.behaviour == "success" else kept.behaviour
        code = declined if declined in OWN_CODES else declined and "card_declined"
        wanted = {"card": kept, "amount": amount, "currency": currency}
        made, _ = GatewayCharge.objects.get_or_create(
            key=key, defaults=wanted | {"code": code, "decline_code": declined}
        )
        if {name: getattr(made, name) for name in wanted} != wanted:
            raise GatewayMisused(f"The key {key} belongs to another charge.")
        if made.code:
            return Declined(code=made.code, decline_code=made.decline_code)
        return Captured(charge=str(made.pk))

    @transaction.atomic
    def refund(self, *, key: str, charge: str, amount: Decimal) -> None:
        """Note the refund; asked again, nothing more. Raises GatewayMisused when more than what
        is left of the charge is asked, or the key was used for another refund."""
        charged = GatewayCharge.objects.select_for_update().get(pk=charge)
        made = GatewayRefund.objects.filter(key=key).first()
        if made is None:
            gone = charged.refunds.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
            if charged.code or gone + amount > charged.amount:
                raise GatewayMisused(f"The refund {key} is more than what was captured.")
            made = GatewayRefund.objects.create(key=key, charge=charged, amount=amount)
        if (made.charge_id, made.amount) != (charged.pk, amount):
            raise GatewayMisused(f"The key {key} belongs to another refund.")


gateway: Gateway = MockGateway()
