"""The same order without a bus: one request, as a shop in one piece would take it.

Plain Django, two transactions with the call to the gateway between them, because its key has to
be committed before it is asked. What is written is what the saga leaves behind: order, lines,
history, timeline, hold, stock, ledger, payment, the gateway's charge, and a mail ready to be
sent. Nothing is told to anybody: no events, no other app's copy of the stock.
"""

from dataclasses import asdict
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.inventory.models import Hold, HoldLine, LedgerEntry, StockItem
from apps.notifications import mails
from apps.notifications.models import Notification, OrderInfo
from apps.orders import queries
from apps.orders.access import access_token, subject_of
from apps.orders.models import Order, OrderLine, StatusChange, TimelineEntry
from apps.orders.operations import Address
from apps.orders.quotes import Offer, read_quote
from apps.payments.gateway import Captured, gateway
from apps.payments.models import Payment, PaymentMethod
from apps.payments.queries import hash_of

Status = Order.Status
Kind = TimelineEntry.Kind


class NotBought(Exception):
    """Sold out, declined, or used before: no order of the measurement is."""


def buy(*, quote: str, owner: str, email: str, address: Address, payment_method: str) -> None:
    """From a signed quote to a CONFIRMED order."""
    offer = read_quote(quote, owner=owner)
    with transaction.atomic():
        if queries.order_of_quote(offer) or queries.changed_prices(offer.lines):
            raise NotBought
        queries.ensure_no_live_order(offer.cart_id)
        order = _place(offer, email=email, address=address, payment_method=payment_method)
        hold = _hold(order, offer)
        payment = _ask(order, payment_method)
    outcome = gateway.charge(
        key=payment.gateway_key or "",
        card=payment.card,
        amount=payment.amount,
        currency=payment.currency,
        reference=str(order.pk),
    )
    if not isinstance(outcome, Captured):
        raise NotBought
    with transaction.atomic():
        _record_charge(payment, outcome)
        _confirm(order)
        _sell(hold, offer)
        _note(order, Kind.PLACED, Kind.RESERVED, Kind.PAID, Kind.CONFIRMED)
        _write_mail(order, offer)


def _place(offer: Offer, *, email: str, address: Address, payment_method: str) -> Order:
    now = timezone.now()
    order = Order.objects.create(
        owner=offer.owner,
        email=email,
        currency=offer.currency,
        subtotal=offer.subtotal,
        discount=offer.discount,
        coupon=offer.coupon or "",
        shipping=offer.shipping,
        shipping_method=offer.shipping_method,
        shipping_tax=offer.shipping_tax,
        tax=offer.tax,
        total=offer.total,
        cart_id=offer.cart_id,
        cart_version=offer.cart_version,
        payment_method=payment_method,
        placed_at=now,
        pay_before=now + settings.ORDER_PAYMENT_WINDOW,
        **asdict(address),
    )
    OrderLine.objects.bulk_create(OrderLine(order=order, **asdict(line)) for line in offer.lines)
    StatusChange.objects.create(order=order, to_status=order.status, by="customer", at=now)
    return order


def _hold(order: Order, offer: Offer) -> Hold:
    for line in sorted(offer.lines, key=lambda line: line.sku):
        enough = StockItem.objects.filter(sku=line.sku, on_hand__gte=F("held") + line.quantity)
        if not enough.update(held=F("held") + line.quantity, version=F("version") + 1):
            raise NotBought
    hold = Hold.objects.create(order_id=order.pk)
    HoldLine.objects.bulk_create(
        HoldLine(hold=hold, sku=line.sku, quantity=line.quantity) for line in offer.lines
    )
    return hold


def _ask(order: Order, token: str) -> Payment:
    """The payment with its gateway key, to be committed before the gateway is asked."""
    hashed, now = hash_of(token), timezone.now()
    free = PaymentMethod.objects.filter(
        token_hash=hashed, owner=order.owner, used_by_order=None, expires_at__gt=now
    )
    if not free.update(used_by_order=order.pk):
        raise NotBought
    method = PaymentMethod.objects.get(token_hash=hashed)
    payment_id: UUID = uuid7()
    return Payment.objects.create(
        pk=payment_id,
        order_id=order.pk,
        status=Payment.Status.REQUESTED,
        placed_at=order.placed_at,
        pay_before=order.pay_before,
        owner=order.owner,
        token_hash=hashed,
        currency=order.currency,
        amount=order.total,
        reserved=True,
        gateway_key=f"charge-{payment_id}",
        asked_at=now,
        card=method.card,
        brand=method.brand,
        last4=method.last4,
    )


def _record_charge(payment: Payment, outcome: Captured) -> None:
    asked = Payment.objects.filter(pk=payment.pk, status=Payment.Status.REQUESTED)
    captured = {"captured_amount": payment.amount, "charge": outcome.charge}
    if not asked.update(status=Payment.Status.CAPTURED, **captured):
        raise NotBought


def _confirm(order: Order) -> None:
    pending = Order.objects.filter(pk=order.pk, status=Status.PENDING)
    if not pending.update(status=Status.CONFIRMED):
        raise NotBought
    StatusChange.objects.create(
        order=order,
        from_status=Status.PENDING,
        to_status=Status.CONFIRMED,
        by="payments",
        at=timezone.now(),
    )


def _sell(hold: Hold, offer: Offer) -> None:
    for line in sorted(offer.lines, key=lambda line: line.sku):
        StockItem.objects.filter(sku=line.sku).update(
            on_hand=F("on_hand") - line.quantity, held=F("held") - line.quantity
        )
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            sku=line.sku,
            delta=-line.quantity,
            kind=LedgerEntry.Kind.SOLD,
            reason="order confirmed",
            order_id=hold.order_id,
            by="orders",
        )
        for line in offer.lines
    )
    Hold.objects.filter(pk=hold.pk).update(
        status=Hold.Status.COMMITTED, cause="order confirmed", changed_at=timezone.now()
    )


def _note(order: Order, *kinds: TimelineEntry.Kind) -> None:
    TimelineEntry.objects.bulk_create(
        TimelineEntry(order=order, event_id=uuid7(), kind=kind, at=timezone.now()) for kind in kinds
    )


def _write_mail(order: Order, offer: Offer) -> None:
    """Rendered, for a job to send: as the saga's is when its order counts as done here."""
    page = settings.SHOP_URL.rstrip("/") + reverse("orders:detail", args=[order.pk])
    subject = subject_of(customer_id=None, email=order.email)
    info = OrderInfo(
        order_id=order.pk,
        number=order.number,
        email=order.email,
        url=f"{page}?token={access_token(order.pk)}",
        subject=subject,
        lines=[
            {"title": line.title, "quantity": line.quantity}
            | {name: str(getattr(line, name)) for name in ("unit_price", "discount", "tax")}
            for line in offer.lines
        ],
        coupon=order.coupon,
        discount=order.discount,
        shipping=order.shipping,
        tax=order.tax,
        total=order.total,
        currency=order.currency,
    )
    kind = Notification.Kind.ORDER_CONFIRMED
    mail = mails.write(kind, whose=subject, facts={"order": info})
    Notification.objects.create(
        kind=kind,
        occasion=order.pk,
        order_id=order.pk,
        whose=subject,
        recipient=order.email,
        **asdict(mail),
    )
