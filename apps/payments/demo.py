"""How those paid who bought before: with the test cards of the mock gateway."""

from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from django.utils import timezone

from apps.payments import operations
from apps.payments.gateway import Card, challenges, gateway
from apps.payments.models import Payment

CENT = Decimal("0.01")
GOOD_FOR = 3  # years


def keep_card(*, owner: str, number: str) -> str:
    """The token of a payment method of the owner's, good for one order."""
    year = timezone.now().year + GOOD_FOR
    stored = gateway.store(Card(number=number, exp_month=12, exp_year=year, cvc="123"))
    return operations.save_method(owner=owner, card=stored).token


def answer(*, order_id: UUID, approve: bool) -> bool:
    """Let the shopper answer the 3-D Secure challenge of the order; False when there is none."""
    payment = Payment.objects.get(order_id=order_id)
    return challenges.answer(payment.challenge, approve=approve)


def give_back(*, order_id: UUID, share: Decimal, reason: str) -> None:
    """Refund that share of what the order paid, to the cent. Raises UnknownPayment and
    NothingCaptured."""
    paid = Payment.objects.get(order_id=order_id).captured_amount
    amount = (paid * share).quantize(CENT, ROUND_HALF_UP)
    operations.refund_payment(
        order_id=order_id, amount=amount, reason=reason, by="demo", key=f"demo-{order_id}"
    )
