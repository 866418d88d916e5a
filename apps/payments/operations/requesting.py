"""From an order and its held stock to the charge that is asked for. Many orders at once: their
rows are locked in the order of their ids, then the payment methods in that of their tokens."""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from apps.payments import queries
from apps.payments.declines import METHOD_INVALID
from apps.payments.events import PaymentRequested
from apps.payments.models import Payment, PaymentMethod
from apps.payments.operations.rows import (
    new_payment,
    publish_failed,
    publish_processed,
    update_rows,
)
from eventbus import publish

Status = Payment.Status
# What orders.created tells; the same however often it is told.
TOLD = [
    *("order_number", "owner", "amount", "currency", "token_hash"),
    *("placed_at", "pay_before", "order_path"),
]


class PlacedOrder(Protocol):
    """An order as it was placed."""

    @property
    def order_id(self) -> UUID: ...
    @property
    def number(self) -> str: ...
    @property
    def owner(self) -> str: ...
    @property
    def total(self) -> Decimal: ...
    @property
    def currency(self) -> str: ...
    @property
    def payment_method(self) -> str: ...
    @property
    def placed_at(self) -> datetime: ...
    @property
    def pay_before(self) -> datetime: ...
    @property
    def url(self) -> str: ...


@transaction.atomic
def note_orders(orders: Sequence[PlacedOrder]) -> None:
    """Remember what the orders have to pay; asks for the charges of those whose stock is held
    already. No order may come twice in one call."""
    rows = [
        new_payment(
            order.order_id,
            order_number=order.number,
            owner=order.owner,
            amount=order.total,
            currency=order.currency,
            token_hash=queries.hash_of(order.payment_method),
            placed_at=order.placed_at,
            pay_before=order.pay_before,
            order_path=urlsplit(order.url).path[:200],  # without the token of a guest
        )
        for order in orders
    ]
    update_rows(rows, TOLD)
    _request_ready_charges([order.order_id for order in orders])


@transaction.atomic
def note_reservations(order_ids: Sequence[UUID]) -> None:
    """Remember that the orders' stock is held; asks for the charges of the orders that are known.
    No order may come twice in one call."""
    update_rows([new_payment(order_id, reserved=True) for order_id in order_ids], ["reserved"])
    _request_ready_charges(order_ids)


def _request_ready_charges(order_ids: Collection[UUID]) -> None:
    known = Payment.objects.filter(order_id__in=order_ids, placed_at__isnull=False)
    held = known.filter(status=Status.NEW, reserved=True)
    ready = list(held.order_by("order_id").select_for_update())
    now = timezone.now()
    sorted_out: dict[str, list[Payment]] = {"free": [], "late": [], "owing": []}
    for payment in ready:
        sorted_out[_kind(payment, now)].append(payment)
    claimed = _claim_methods(sorted_out["owing"])
    _process_free(sorted_out["free"])
    _leave(sorted_out["late"], Status.VOID)  # orders ends them; see the saga's rules
    _fail_without_method([each for each in sorted_out["owing"] if each.order_id not in claimed])
    _request_charges([each for each in sorted_out["owing"] if each.order_id in claimed])


def _kind(payment: Payment, now: datetime) -> str:
    if payment.amount == 0:
        return "free"
    return "late" if payment.pay_before is None or now >= payment.pay_before else "owing"


def _leave(payments: Sequence[Payment], status: str, **changes: object) -> None:
    """NEW to `status`; the rows are locked."""
    if payments:
        rows = Payment.objects.filter(pk__in=[each.pk for each in payments], status=Status.NEW)
        rows.update(status=status, **changes)


def _claim_methods(payments: Sequence[Payment]) -> set[UUID]:
    """Take the methods for these orders; the orders that got theirs. None gets one that is not
    there, not the owner's, taken, or was too old when the order was placed (a slow queue is not
    the shopper's fault). Of two orders with one method, the first has it."""
    if not payments:
        return set()
    methods = PaymentMethod.objects.filter(token_hash__in={each.token_hash for each in payments})
    locked = methods.order_by("token_hash").select_for_update()
    found = {method.token_hash: method for method in locked}
    claimed = set()
    for payment in payments:
        method = found.get(payment.token_hash)
        if method and method.is_good(
            owner=payment.owner, at=payment.placed_at, order_id=payment.order_id
        ):
            method.used_by_order = payment.order_id
            claimed.add(payment.order_id)
    taken = [method for method in found.values() if method.used_by_order in claimed]
    PaymentMethod.objects.bulk_update(taken, ["used_by_order"])
    return claimed


def _process_free(payments: Sequence[Payment]) -> None:
    _leave(payments, Status.CAPTURED)
    for payment in payments:
        publish_processed(payment)


def _fail_without_method(payments: Sequence[Payment]) -> None:
    _leave(payments, Status.FAILED, failure_code=METHOD_INVALID)
    for payment in payments:
        publish_failed(payment.order_id, code=METHOD_INVALID)


def _request_charges(payments: Sequence[Payment]) -> None:
    method = PaymentMethod.objects.filter(used_by_order=OuterRef("order_id"))
    copied = {name: Subquery(method.values(name)[:1]) for name in ("card", "brand", "last4")}
    _leave(payments, Status.REQUESTED, **copied)
    for payment in payments:
        request = PaymentRequested(
            order_id=payment.order_id,
            intent_id=payment.pk,
            amount=payment.amount,
            currency=payment.currency,
            gateway_key=payment.gateway_key or "",
        )
        publish(request, key=payment.order_id)
