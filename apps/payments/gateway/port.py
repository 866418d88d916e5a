"""What payments asks of a gateway, and what it may be answered.

A gateway answers the same key with what became of it, for ever. An answer that does not come is
not a "no": it is unknown, and is asked for again with the same key.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol


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
    """The charge went through, for good."""

    charge: str  # the gateway's reference, for refunds
    version: int = 1  # counts what the charge has been: of two answers the higher is the newer


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The gateway or the card's issuer said no, for good."""

    code: str  # "card_declined", "expired_card", "authentication_failed", ...
    decline_code: str  # the issuer's reason, as "insufficient_funds"; may be blank
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequired:
    """The card's issuer wants to see the shopper first (3-D Secure)."""

    challenge: str  # unguessable; its page is open to whoever has it
    expires_at: datetime  # answers that come later do not count
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The gateway works on it; a webhook brings the outcome, and asking again does."""

    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The key was closed before anything was captured, for good."""

    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The money is back, for good: a gateway that may still take that back says Pending."""

    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The refund failed, for good; the money is still here."""

    message: str  # why, in plain words
    version: int = 1


Outcome = Captured | Declined | ActionRequired | Pending | Cancelled
Returned = Done | Pending | Refused


class CardRefused(Exception):
    """The gateway does not keep such a card. The message is for the shopper."""


class GatewayUnavailable(Exception):
    """No answer came: whether it took effect is unknown. Ask again with the same key."""


class GatewayMisused(Exception):
    """A request that no gateway can accept: a defect here, never the shopper's doing."""


class Gateway(Protocol):
    """What payments asks of a gateway. Every method may raise GatewayUnavailable.

    `reference` is what the shop calls the matter, for the gateway's own log.
    """

    def store(self, card: Card) -> StoredCard:
        """Keep the card; raises CardRefused."""

    def charge(
        self, *, key: str, card: str, amount: Decimal, currency: str, reference: str
    ) -> Outcome:
        """Take `amount` from the card with that reference, once a key; asked again, what became
        of it."""

    def outcome(self, *, key: str) -> Outcome | None:
        """What became of the charge with that key; None when it never came here."""

    def cancel(self, *, key: str) -> Outcome:
        """Close the key: from now on nothing is captured with it. Captured when it was before,
        Pending while that is being found out, and Cancelled too when the key never came here."""

    def refund(self, *, key: str, charge: str, amount: Decimal, reference: str) -> Returned:
        """Give `amount` of the charge back, once a key; asked again, what became of it."""
