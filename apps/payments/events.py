"""What the payments context tells the world. Fields are only ever added; see docs/events.md."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from eventbus import event


@event("payments.processed", version=1)
class PaymentProcessed:
    """The order's amount was captured."""

    order_id: UUID
    amount: Decimal
    currency: str  # ISO 4217
    brand: str  # of the card, as "visa"
    last4: str  # digits of the card


@event("payments.failed", version=1)
class PaymentFailed:
    """The gateway, or a rule before it, said no. Nothing was captured."""

    order_id: UUID
    code: str  # "card_declined", "expired_card", "method_invalid", ...
    decline_code: str | None  # the issuer's reason, as "insufficient_funds"
    message: str  # for the shopper, in plain words


@event("payments.refunded", version=1)
class PaymentRefunded:
    """Captured money went back."""

    order_id: UUID
    amount: Decimal  # of this refund
    total_refunded: Decimal  # of the order so far
    currency: str  # ISO 4217


@event("payments.action_required", version=1)
class ActionRequired:
    """The card's issuer wants to see the shopper before it decides (3-D Secure)."""

    order_id: UUID
    url: str  # path of the challenge's page
    expires_at: datetime  # then the payment fails


@event("payments.refund_failed", version=1)
class RefundFailed:
    """The gateway could not give the money back after all: a person has to see to it."""

    order_id: UUID
    amount: Decimal
    currency: str  # ISO 4217
    message: str  # the gateway's, in plain words


@event("payments.requested", version=1)
class PaymentRequested:
    """A charge is to be asked of the gateway: payments' own external step."""

    order_id: UUID
    intent_id: UUID
    amount: Decimal
    currency: str  # ISO 4217
    gateway_key: str  # committed before the call; the same key gets the same answer


@event("payments.refund_requested", version=1, private=True)
class RefundRequested:
    """A refund is to be asked of the gateway: payments' own external step."""

    order_id: UUID
    refund_id: UUID
    number: int = 0  # of the asking: only the newest asks


@event("payments.outcome_due", version=1, private=True)
class OutcomeDue:
    """It is time to ask what became of a charge: the gateway was silent, works on it, or the
    time for the shopper's answer to a challenge is over."""

    order_id: UUID
    number: int  # of the asking: only the newest asks


@event("payments.webhook_due", version=1, private=True)
class WebhookDue:
    """It is time for the mock gateway to tell something by itself."""

    webhook_id: UUID
