"""What orders refuses, one class a cause. The docstring is what the shopper reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID


class Refusal(Exception):
    """That is not possible."""

    code = "refused"

    def __str__(self) -> str:
        return " ".join((self.__doc__ or "").split())


class QuoteInvalid(Refusal):
    """This is not an offer of ours. Please go back to your cart and check out again."""

    code = "quote_invalid"


class QuoteNotYours(Refusal):
    """This offer was made to another cart. Please go back to your cart and check out again."""

    code = "quote_not_yours"


class QuoteExpired(Refusal):
    """This offer has expired. Please go back to your cart and check out again."""

    code = "quote_expired"


class CountryMismatch(Refusal):
    """Tax and shipping of this offer are for another country. Please ask for a new offer."""

    code = "country_mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """An article that no longer costs what the quote says."""

    sku: str
    title: str
    quoted: Decimal
    price: Decimal  # now
    active: bool  # False: no longer sold


class PriceChanged(Refusal):
    """A price changed since this offer was made. Your cart shows the new one."""

    code = "price_changed"

    def __init__(self, prices: Sequence[NewPrice]) -> None:
        super().__init__()
        self.prices = prices


class CartBeingOrdered(Refusal):
    """An order of this cart is under way already. It has to end before the next one."""

    code = "cart_being_ordered"

    def __init__(self, *, order_id: UUID, number: str) -> None:
        super().__init__()
        self.order_id = order_id
        self.number = number


class NotRetryable(Refusal):
    """Only an order that failed can be paid again."""

    code = "not_retryable"


class RetryTooLate(Refusal):
    """The discount of this order was kept for 15 minutes. Your cart still holds everything: please
    check out again from there."""

    code = "retry_too_late"


class NotCancellable(Refusal):
    """This order can no longer be cancelled."""

    code = "not_cancellable"


class NotShippable(Refusal):
    """Only a confirmed order can be shipped."""

    code = "not_shippable"


class NotDeliverable(Refusal):
    """Only a shipped order can be marked as delivered."""

    code = "not_deliverable"


class KeyInFlight(Refusal):
    """A request with this Idempotency-Key is being answered. Repeat it in a second."""

    code = "idempotency_key_in_flight"


class KeyReused(Refusal):
    """This Idempotency-Key was used for another request. Use a new key for a new request."""

    code = "idempotency_key_reused"
