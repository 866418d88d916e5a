"""What payments asks of the gateway. Outside any transaction: what it answered stays answered,
and the function handed back records it in the transaction that ends the call.

A gateway that does not answer has said nothing: the payment stays as it is and is asked for again
with the same key, for as long as it takes. Only the gateway's own word makes it fail.
"""

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from apps.payments import operations, queries, webhooks
from apps.payments.gateway import (
    Card,
    GatewayUnavailable,
    Outcome,
    gateway,
    notices,
)
from apps.payments.models import Payment

Record = Callable[[], object] | None
# Of calls made one after the other, the results are recorded together: one that takes long must
# not keep those of the others. What it leaves over is asked for again, in the same way as what
# the gateway did not answer.
TOGETHER_SECONDS = 2.0


class Wanted(Protocol):
    """The order that a charge is asked for."""

    @property
    def order_id(self) -> UUID: ...


def tokenise(*, owner: str, card: Card) -> operations.NewMethod:
    """Have the gateway keep the card, bound to its owner; raises CardRefused and
    GatewayUnavailable, and then there is no payment method."""
    return operations.save_method(owner=owner, card=gateway.store(card))


def charge(
    orders: Sequence[Wanted], *, after: Sequence[datetime]
) -> list[operations.Asked | Exception | None]:
    """Ask for the orders' charges: one commit that they are asked for, then the calls. What the
    gateway does not answer is asked for again, not before `after`. None: it is known already."""
    begun = operations.begin_charges([order.order_id for order in orders])
    give_up = time.monotonic() + TOGETHER_SECONDS
    results: list[operations.Asked | Exception | None] = []
    for order, at in zip(orders, after, strict=True):
        payment = begun.get(order.order_id)
        in_time = time.monotonic() < give_up
        try:
            results.append(_charge(order.order_id, payment, after=at, ask=in_time))
        except Exception as error:  # this one's, and no other's
            results.append(error)
    return results


def _charge(
    order_id: UUID, payment: Payment | None, *, after: datetime, ask: bool
) -> operations.Asked | None:
    if payment is None:
        return operations.Asked(order_id=order_id, number=0, outcome=None, after=after, begun=False)
    if payment.status not in queries.OUTSTANDING:
        return None
    outcome = _answer(lambda: _ask(payment, at=after)) if ask else None
    return operations.Asked(order_id=order_id, number=payment.asks, outcome=outcome, after=after)


def ask_again(*, order_id: UUID, number: int, at: datetime) -> Record:
    """Ask what became of a charge, at the time that was set for it: `at`."""
    payment = queries.payment_to_ask_for(order_id, number)
    if payment is None:
        return None
    outcome = _answer(lambda: _ask(payment, at=at))
    return partial(
        operations.record_asked,
        order_id=payment.order_id,
        number=payment.asks,
        outcome=outcome,
        after=at,
    )


def _ask(payment: Payment, *, at: datetime) -> Outcome | None:
    """When the order has ended, or nobody answered the challenge in time, the gateway is told to
    close the charge. Else it is asked for with the same key, which starts it only once, and never
    when the time to pay is over: then only what became of it."""
    key, expires_at = payment.gateway_key or "", payment.challenge_expires_at
    if payment.status == Payment.Status.CANCEL_REQUESTED or (expires_at and expires_at <= at):
        return gateway.cancel(key=key)
    if payment.pay_before is None or payment.pay_before <= timezone.now():
        return gateway.outcome(key=key)
    return gateway.charge(
        key=key,
        card=payment.card,
        amount=payment.amount,
        currency=payment.currency,
        reference=str(payment.order_id),
    )


def _answer[T](ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except GatewayUnavailable:
        return None


def refund(*, refund_id: UUID, number: int, at: datetime) -> Record:
    """Ask for the refund, or what became of it, at the time that was set for it: `at`."""
    wanted = queries.refund_to_ask_for(refund_id, number)
    if wanted is None:
        return None
    answer = _answer(
        lambda: gateway.refund(
            key=wanted.gateway_key,
            charge=wanted.payment.charge,
            amount=wanted.amount,
            reference=str(wanted.payment.order_id),
        )
    )
    return partial(
        operations.record_refund_asked,
        refund_id=refund_id,
        number=number,
        answer=answer,
        after=at,
    )


def deliver_webhook(*, webhook_id: UUID) -> None:
    """Be the gateway that tells the shop something: a body that it has signed goes through the
    same door as from outside, without a socket, so that it works in one process, in a worker and
    wherever payments runs. Raises what the door raises; the bus then delivers it again."""
    body = notices.take(webhook_id).encode()
    signed = webhooks.signature(body, key=settings.WEBHOOK_KEYS[0], at=timezone.now())
    webhooks.receive(body=body, signature=signed)
