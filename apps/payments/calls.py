"""What payments asks of the gateway. Outside any transaction: what it answered stays answered,
and the function handed back records it in the transaction that ends the call."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from apps.payments import operations, queries
from apps.payments.gateway import Card, GatewayUnavailable, gateway
from eventbus import Retry


def tokenise(*, owner: str, card: Card) -> operations.NewMethod:
    """Have the gateway keep the card, bound to its owner; raises CardRefused and
    GatewayUnavailable, and then there is no payment method."""
    return operations.save_method(owner=owner, card=gateway.store(card))


def charge(*, order_id: UUID) -> Callable[[], object]:
    """Ask for the charge; raises Retry while its outcome is unknown: the same key asks again."""
    payment = operations.begin_charge(order_id=order_id)
    if payment is None:
        return partial(operations.drop_charge, order_id=order_id)
    try:
        outcome = gateway.charge(
            key=payment.gateway_key or "",
            card=payment.card,
            amount=payment.amount,
            currency=payment.currency,
        )
    except GatewayUnavailable as error:
        raise Retry("The gateway did not answer.") from error
    return partial(operations.record_charge, order_id=order_id, outcome=outcome)


def refund(*, refund_id: UUID) -> Callable[[], object]:
    """Ask for the refund; raises Retry while its outcome is unknown: the same key asks again."""
    wanted = queries.refund(refund_id)
    try:
        gateway.refund(key=wanted.gateway_key, charge=wanted.payment.charge, amount=wanted.amount)
    except GatewayUnavailable as error:
        raise Retry("The gateway did not answer.") from error
    return partial(operations.record_refund, refund_id=refund_id)
