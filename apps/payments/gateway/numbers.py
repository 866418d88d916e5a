"""The card numbers that the mock knows, and how each of them acts.

The first ones are Stripe's documented test numbers. Those that begin with 9911 73 are the shop's
own: no card has a number that begins with 9, which the standard leaves to national bodies.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.payments.models import GatewayCharge

Status = GatewayCharge.Status
OWN_CODES = {"expired_card", "incorrect_cvc", "processing_error"}  # else "card_declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCard:
    """A number that the mock knows."""

    __test__ = False  # not a test case, whatever its name says

    number: str
    brand: str
    behaviour: str  # a key of BEHAVIOURS, or a decline code: every charge is declined with it
    effect: str  # for people


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How the gateway treats every charge of a card, the same each time."""

    status: str = Status.CAPTURED  # of the charge when it has come
    decline: str = ""  # the decline code, now or when the shopper has answered the challenge
    webhooks: tuple[int, ...] = ()  # the versions of the charge that are told, in that order
    silent: bool = False  # no call for the charge is answered until a webhook has told of it
    slow: bool = False
    refund: str = "done"  # or "late", "failed": told later, by a webhook


BEHAVIOURS = {
    "success": Behaviour(),
    "challenge": Behaviour(status=Status.CHALLENGED),
    "challenge_then_decline": Behaviour(status=Status.CHALLENGED, decline="generic_decline"),
    "refund_fails": Behaviour(refund="failed"),
    "refund_late": Behaviour(refund="late"),
    "silent_then_success": Behaviour(silent=True, webhooks=(2,)),
    "silent": Behaviour(status=Status.LOST, silent=True),
    "told_twice": Behaviour(webhooks=(2, 2)),
    "told_backwards": Behaviour(webhooks=(2, 1)),
    "declined_later": Behaviour(status=Status.DECLINED, decline="generic_decline", webhooks=(1, 2)),
    "broken_twice": Behaviour(status=Status.BROKEN),
    "slow": Behaviour(slow=True),
}


def behaviour_of(name: str) -> Behaviour:
    """The behaviour with that name; any other name is a decline code."""
    return BEHAVIOURS.get(name) or Behaviour(status=Status.DECLINED, decline=name)


def codes_of(decline: str) -> dict[str, Any]:
    """A decline code and the code that goes with it, as a charge has them."""
    code = decline if decline in OWN_CODES else "card_declined"
    return {"code": code, "decline_code": decline} if decline else {}


def shown_test_cards() -> tuple[TestCard, ...]:
    """The numbers to print beside the form: all where people try the shop out, none elsewhere."""
    return TEST_CARDS if settings.MAILBOX_PAGE else ()


def _cards(brand: str, *rows: tuple[str, str, str]) -> tuple[TestCard, ...]:
    return tuple(
        TestCard(number=number, brand=brand, behaviour=behaviour, effect=effect)
        for number, behaviour, effect in rows
    )


TEST_CARDS = (
    *_cards("visa", ("4242424242424242", "success", "Paid")),
    *_cards("mastercard", ("5555555555554444", "success", "Paid")),
    *_cards("amex", ("378282246310005", "success", "Paid")),
    *_cards(
        "visa",
        ("4000000000000002", "generic_decline", "Declined"),
        ("4000000000009995", "insufficient_funds", "Declined: insufficient funds"),
        ("4000000000000069", "expired_card", "Expired card"),
        ("4000000000000127", "incorrect_cvc", "Wrong security code"),
        ("4000000000000119", "processing_error", "Processing error"),
        ("4000000000000341", "generic_decline", "Kept, then declined when charged"),
        ("4000000000003220", "challenge", "3-D Secure, then paid"),
        ("4000008400001629", "challenge_then_decline", "3-D Secure, then declined"),
        ("4000000000005126", "refund_fails", "Paid; a refund fails later"),
        ("4000000000007726", "refund_late", "Paid; a refund takes a while"),
    ),
    *_cards(
        "test",
        ("9911730000000019", "silent_then_success", "No answer; later it turns out to be paid"),
        ("9911730000000027", "silent", "No answer, ever"),
        ("9911730000000035", "told_twice", "Paid, told later and twice"),
        ("9911730000000043", "told_backwards", "Paid, told later and in the wrong order"),
        ("9911730000000050", "declined_later", "Declined, told later"),
        ("9911730000000068", "broken_twice", "The gateway fails twice; then paid"),
        ("9911730000000076", "slow", "Paid, but slowly"),
    ),
)
