"""What must hold when the bus is at rest, whatever happened: read from every app's tables."""

from collections import Counter
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import Sum

from apps.cart.models import Cart, CartOrder, CouponUse, Stock
from apps.cart.queries import coupons
from apps.inventory.models import Hold, LedgerEntry, StockItem
from apps.notifications.models import MailboxMessage, Notification
from apps.orders.models import Order
from apps.orders.transitions import may_move
from apps.payments.models import GatewayCharge, GatewayRefund, Payment, Refund
from apps.products.models import Availability, BoughtOrder
from eventbus.models import Parked

ENDED = {"CONFIRMED", "FAILED", "CANCELLED", "SHIPPED", "DELIVERED"}
SOLD = {"CONFIRMED", "SHIPPED", "DELIVERED"}
TOLD = {status: f"order_{status.lower()}" for status in ENDED}


def violations(*, killed: bool = False) -> list[str]:
    """Each broken promise in words; empty when all hold.

    With `killed`, a process died on the way: a mail may then be held for a person to decide, as
    plain SMTP cannot say whether it was sent. It must not have been sent twice.
    """
    parked = Parked.objects.all()
    if killed:
        parked = parked.exclude(name="notifications.requested", state=Parked.State.DEAD)
    return [
        *_of_orders(),
        *_of_stock(),
        *_of_money(),
        *_of_mails(killed=killed),
        *_of_coupons(),
        *_of_carts(),
        *_of_levels(),
        *_of_buyers(),
        *[f"parked: {row} {row.error}" for row in parked],
    ]


def _of_orders() -> list[str]:
    open_ones = Order.objects.exclude(status__in=ENDED)
    found = [f"order {order.number} has not ended: {order.status}" for order in open_ones]
    return found + _of_histories()


def _of_histories() -> list[str]:
    """Each is a path of the status machine to where the order is."""
    found = []
    for order in Order.objects.prefetch_related("history"):
        steps = [(step.from_status, step.to_status) for step in order.history.all()]
        path = ["", *[to for _, to in steps]]
        linked = [start for start, _ in steps] == path[:-1] and path[-1] == order.status
        if not linked or not all(may_move(*step) for step in steps[1:]):
            found.append(f"order {order.number} is {order.status}, its history says {steps}")
    return found


def _of_stock() -> list[str]:
    found = []
    on_hand = dict(LedgerEntry.objects.values_list("sku").annotate(units=Sum("delta")))
    held: Counter[str] = Counter()
    for hold in Hold.objects.filter(status=Hold.Status.HELD).prefetch_related("lines"):
        found.append(f"order {hold.order_id} still holds stock")
        held.update({line.sku: line.quantity for line in hold.lines.all()})
    for item in StockItem.objects.all():
        if item.on_hand != on_hand.get(item.sku, 0):
            found.append(f"{item}: {item.on_hand} on hand, ledger says {on_hand.get(item.sku, 0)}")
        if not 0 <= item.held <= item.on_hand:
            found.append(f"{item}: {item.held} held of {item.on_hand}")
        if item.held != held[item.sku]:
            found.append(f"{item}: {item.held} held, holds say {held[item.sku]}")
    holds = dict(Hold.objects.values_list("order_id", "status"))
    for order in Order.objects.all():
        committed = holds.get(order.pk) == Hold.Status.COMMITTED
        if committed != (order.status in SOLD):
            found.append(f"order {order.number} is {order.status}, hold {holds.get(order.pk)}")
    return found


def _of_money() -> list[str]:
    found = []
    charged: Counter[str] = Counter(
        GatewayCharge.objects.filter(status="captured").values_list("key", flat=True)
    )
    back = GatewayRefund.objects.filter(status="done").aggregate(total=Sum("amount"))
    returned = back["total"] or Decimal(0)
    kept = Decimal(0)
    for payment in Payment.objects.all():
        order = Order.objects.get(pk=payment.order_id)
        kept += payment.captured_amount - payment.refunded_amount
        due = order.total if order.status in SOLD else Decimal(0)
        net = payment.captured_amount - payment.refunded_amount
        if order.status in SOLD:  # less what staff gave back
            due -= _refunds(payment, Refund.Status.DONE)
        elif _refunds(payment, Refund.Status.FAILED):  # a person has to see to it, and was told
            due = net
        if order.refunded != payment.refunded_amount:
            found.append(f"order {order.number}: {payment.refunded_amount} back, not as it says")
        if payment.refunding_amount:
            found.append(f"order {order.number}: {payment.refunding_amount} are still on the way")
        if net != due:
            found.append(f"order {order.number} is {order.status} and has paid {net} of {due}")
        if (payment.captured_amount > 0) != (charged[payment.gateway_key or ""] == 1):
            found.append(f"order {order.number}: the gateway's own log says otherwise")
    taken = GatewayCharge.objects.filter(status="captured").aggregate(total=Sum("amount"))
    if (taken["total"] or Decimal(0)) - returned != kept:
        found.append(f"the gateway has {taken['total']} - {returned}, the payments say {kept}")
    return found


def _refunds(payment: Payment, status: str) -> Decimal:
    refunds = payment.refunds.filter(status=status).aggregate(total=Sum("amount"))
    return refunds["total"] or Decimal(0)


def _of_mails(*, killed: bool) -> list[str]:
    found = []
    mails = Counter(Notification.objects.values_list("order_id", "kind"))
    expected: Counter[tuple[UUID, str]] = Counter()
    for order in Order.objects.prefetch_related("history"):
        expected.update((order.pk, TOLD[step.to_status]) for step in order.history.all()
                        if step.to_status in TOLD)  # fmt: skip
    refunds = Refund.objects.values_list("payment__order_id", "status")
    back = [order_id for order_id, status in refunds if status == Refund.Status.DONE]
    failed = [order_id for order_id, status in refunds if status == Refund.Status.FAILED]
    expected.update((order_id, "payment_refunded") for order_id in back)
    expected.update((order_id, "refund_failed") for order_id in failed for _ in settings.STAFF_MAIL)
    written = {key: count for key, count in mails.items() if key[0]}
    found += [
        f"order {order_id}: {written.get((order_id, kind), 0)} mails {kind}, not {expected[order_id, kind]}"
        for order_id, kind in {*expected, *written}
        if written.get((order_id, kind), 0) != expected[order_id, kind]
    ]
    sent = [Notification.State.SENT]
    if killed:
        sent += [Notification.State.SENDING, Notification.State.HELD]
    open_mails = Notification.objects.exclude(state__in=sent)
    if killed:  # just before its attempt was noted: it is among the dead letters
        dead = Parked.objects.filter(name="notifications.requested", state=Parked.State.DEAD)
        waiting = [row.payload["notification_id"] for row in dead]
        open_mails = open_mails.exclude(state=Notification.State.REQUESTED, pk__in=waiting)
    found += [f"mail {mail}" for mail in open_mails]
    received = Counter(MailboxMessage.objects.values_list("recipients", "subject"))
    found += [
        f"{count} times in the mailbox: {what}" for what, count in received.items() if count > 1
    ]
    return found


def _of_coupons() -> list[str]:
    """A use is had by the orders that stand, and by no other."""
    found = [
        f"coupon {coupon}: {coupon.used} used and {coupon.held} held of {coupon.total_limit}"
        for coupon in coupons().exclude(total_limit=None)
        if coupon.used + coupon.held > coupon.total_limit
    ]
    standing = Order.objects.exclude(coupon="").filter(status__in=SOLD)
    sold = set(standing.values_list("cart_id", "coupon"))
    had = CouponUse.objects.filter(status=CouponUse.Status.USED)
    used = set(had.values_list("cart_id", "coupon"))
    found += [f"cart {cart}: the use of {coupon} is not as sold" for cart, coupon in used ^ sold]
    owners = dict(Cart.objects.values_list("pk", "owner"))  # who counts as their user
    found += [f"{use} counts for {use.owner}" for use in had
              if use.owner != owners.get(use.cart_id, use.owner)]  # fmt: skip
    return found


def _of_carts() -> list[str]:
    """Nobody's cart waits for an order that has ended, or lost what was not sold."""
    statuses = dict(Order.objects.values_list("pk", "status"))
    found = []
    for order in CartOrder.objects.all():
        status = statuses[order.order_id]
        sold_once = status == "CANCELLED" and order.status == CartOrder.Status.CONFIRMED
        expected = "CONFIRMED" if status in SOLD or sold_once else status
        if order.status.upper() != expected:
            found.append(f"cart {order.cart_id}: order {order.order_id} {order.status}, {status}")
    for cart in Cart.objects.prefetch_related("lines"):
        if cart.status == Cart.Status.ORDERED:
            found.append(f"cart {cart} still waits")
        if cart.status == Cart.Status.CLOSED and cart.lines.all():
            found.append(f"cart {cart} is closed with something in it")
    return found


def _of_levels() -> list[str]:
    """Catalogue and carts know what the stock is."""
    level = ("sku", "available", "version")
    told = {item.sku: (item.available, item.version) for item in StockItem.objects.all()}
    found = []
    for model in (Availability, Stock):
        known = {sku: (left, version) for sku, left, version in model.objects.values_list(*level)}
        if known != told:
            found.append(f"{model.__name__}: {known}, the stock is {told}")
    return found


def _of_buyers() -> list[str]:
    """Those may review whose order stands."""
    standing = dict(Order.objects.exclude(customer_id=None).values_list("pk", "status"))
    bought = dict(BoughtOrder.objects.exclude(customer_id=None).values_list("pk", "status"))
    return [
        f"order {order} is {status}, to the catalogue {bought.get(order)}"
        for order, status in standing.items()
        if (bought.get(order) == BoughtOrder.Status.CONFIRMED) != (status in SOLD)
    ]
