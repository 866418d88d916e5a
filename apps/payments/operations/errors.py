"""Why a refund is not asked for. The message is for staff."""

from decimal import Decimal

from django.template import Context, Template

AT_MOST = "At most {{ left|money:currency }} can be given back."


class RefundRefused(Exception):
    """The refund is refused, and nothing has changed."""

    code = "refused"

    def __init__(self, message: str = "") -> None:
        super().__init__(message or " ".join((self.__doc__ or "").split()))


class UnknownPayment(RefundRefused):
    """There is no payment for this order."""

    code = "not_found"


class NothingCaptured(RefundRefused):
    """Nothing was captured for this order, so nothing can be given back."""

    code = "nothing_captured"


class NotAnAmount(RefundRefused):
    """An amount is above zero and has at most two digits after the point."""

    code = "not_an_amount"


class TooMuch(RefundRefused):
    """More than what is left of the payment."""

    code = "more_than_captured"

    def __init__(self, left: Decimal, currency: str) -> None:
        context = Context({"left": left, "currency": currency})
        super().__init__(Template(AT_MOST).render(context))
        self.left = left


class KeyReused(RefundRefused):
    """This Idempotency-Key was used for another refund of the order."""

    code = "idempotency_key_reused"
