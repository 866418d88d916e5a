"""Writing a new order and announcing it, whatever it was made from."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.orders.access import access_token, subject_of
from apps.orders.events import Line, OrderCreated, PaymentDue
from apps.orders.models import Order, OrderLine, StatusChange, TimelineEntry, new_number
from apps.orders.operations.sweeping import plan_sweep
from eventbus import publish


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order, and whether this call placed it."""

    order: Order
    created: bool


class OrderedLine(Protocol):
    """What an order copies of a line."""

    @property
    def sku(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def price_version(self) -> int: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def tax_rate(self) -> Decimal: ...
    @property
    def tax(self) -> Decimal: ...


def begin(order: Order, lines: Sequence[OrderedLine]) -> Order:
    """Write and announce the order; IntegrityError leaves the caller's transaction usable."""
    order.placed_at = timezone.now()
    order.pay_before = order.placed_at + settings.ORDER_PAYMENT_WINDOW
    _insert(order)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            price_version=line.price_version,
            discount=line.discount,
            tax_rate=line.tax_rate,
            tax=line.tax,
        )
        for line in lines
    )
    StatusChange.objects.create(
        order=order, to_status=order.status, by="customer", at=order.placed_at
    )
    _announce(order, lines)
    return order


def _insert(order: Order) -> None:
    try:
        with transaction.atomic():
            order.save(force_insert=True)
    except IntegrityError:
        if not Order.objects.filter(number=order.number).exists():
            raise
        order.number = new_number()  # drawn before: once in a million orders or so
        with transaction.atomic():
            order.save(force_insert=True)


def _announce(order: Order, lines: Sequence[OrderedLine]) -> None:
    event_id = publish(_created(order, lines), key=order.pk)
    TimelineEntry.objects.create(
        order=order, event_id=event_id, kind=TimelineEntry.Kind.PLACED, at=order.placed_at
    )
    publish(PaymentDue(order_id=order.pk), key=order.pk, at=order.pay_before)
    plan_sweep(order.pay_before)


def _created(order: Order, lines: Sequence[OrderedLine]) -> OrderCreated:
    return OrderCreated(
        order_id=order.pk,
        number=order.number,
        placed_at=order.placed_at,
        subject=subject_of(customer_id=order.customer_id, email=order.email),
        owner=order.owner,
        customer_id=order.customer_id,
        email=order.email,
        url=_url(order),
        currency=order.currency,
        subtotal=order.subtotal,
        discount=order.discount,
        shipping=order.shipping,
        tax=order.tax,
        total=order.total,
        lines=tuple(
            Line(
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=line.discount,
                tax=line.tax,
            )
            for line in lines
        ),
        payment_method=order.payment_method,
        cart_id=order.cart_id,
        cart_version=order.cart_version,
        retry_of=order.retry_of,
        pay_before=order.pay_before,
        coupon=order.coupon or None,
        shipping_method=order.shipping_method,
    )


def _url(order: Order) -> str:
    page = settings.SHOP_URL.rstrip("/") + reverse("orders:detail", args=[order.pk])
    guest = not order.owner.startswith("user:")
    return f"{page}?token={access_token(order.pk)}" if guest else page
