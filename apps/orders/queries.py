"""Every read of orders."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet
from django.utils import timezone

from apps.orders.access import is_access_token
from apps.orders.models import Order, OrderLine, Price, TimelineEntry, first_id
from apps.orders.quotes import Offer, OfferLine
from apps.orders.refusals import (
    CartBeingOrdered,
    NewPrice,
    NotRetryable,
    PriceChanged,
    QuoteExpired,
    Refusal,
    RetryTooLate,
)

Status = Order.Status
Kind = TimelineEntry.Kind
ENDED_WITHOUT_SALE = (Status.FAILED, Status.CANCELLED)
# The cart keeps the use of a coupon for twice as long.
COUPON_KEPT_FOR = timedelta(minutes=15)
# The gateway's time-out (30 s) with one repetition, and 3-D Secure's window of 4 minutes.
SLOWEST_PAYMENT = timedelta(minutes=5)
# After the time to pay: the bus cancels within seconds, and when it fails tries again for minutes.
STUCK_AFTER = timedelta(minutes=10)
# A mail that takes longer is not worth asking for every second.
WATCH_FOR = timedelta(minutes=1)
SLOW_AFTER = timedelta(seconds=30)  # the saga takes about one second


def order(order_id: UUID) -> Order | None:
    """The order with its lines and timeline, whosever it is."""
    return Order.objects.prefetch_related("lines", "timeline").filter(pk=order_id).first()


def order_for(order_id: UUID, *, owner: str | None, token: str = "") -> Order | None:
    """The order, if `owner` placed it or `token` opens it; None for everybody else."""
    found = order(order_id)
    if found is None:
        return None
    mine = owner is not None and found.owner == owner
    return found if mine or is_access_token(token, order_id=order_id) else None


def orders_of(
    owner: str | None,
    *,
    status: str | None = None,
    placed_after: datetime | None = None,
    placed_before: datetime | None = None,
) -> QuerySet[Order]:
    """The owner's orders with their lines and timelines, newest first; none for None. Only those
    of a status, and placed after or before a moment, if one is given."""
    wanted = {"status": status, "placed_at__gt": placed_after, "placed_at__lt": placed_before}
    given = {name: value for name, value in wanted.items() if value is not None}
    mine = Order.objects.filter(owner=owner, **given).order_by("-placed_at")
    return mine.prefetch_related("lines", "timeline")


def all_orders(
    *,
    status: str | None = None,
    number: str | None = None,
    email: str | None = None,
    customer_id: UUID | None = None,
    sku: str | None = None,
    placed_after: datetime | None = None,
    placed_before: datetime | None = None,
) -> QuerySet[Order]:
    """Everybody's orders with their lines, timelines and history, and whether a refund of each
    failed (`refund_failed`); only those that are all of what is given."""
    wanted = {
        "status": status,
        "number": number and number.upper(),
        "email__iexact": email,
        "customer_id": customer_id,
        "placed_at__gt": placed_after,
        "placed_at__lt": placed_before,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    orders = Order.objects.filter(**given).annotate(refund_failed=refund_failed())
    if sku is not None:
        orders = orders.filter(Exists(OrderLine.objects.filter(order=OuterRef("pk"), sku=sku)))
    return orders.prefetch_related("lines", "timeline", "history")


def order_of_quote(offer: Offer) -> Order | None:
    """The one order that the quote made, however it ended."""
    return Order.objects.filter(
        cart_id=offer.cart_id, cart_version=offer.cart_version, retry_of=None
    ).first()


def retry_of(order_id: UUID) -> Order | None:
    """The order that pays the failed one again, if there is one."""
    return Order.objects.filter(retry_of=order_id).first()


def live_order_of_cart(cart_id: UUID) -> Order | None:
    """The cart's order that has not ended without a sale; there is one at most."""
    return Order.objects.filter(cart_id=cart_id).exclude(status__in=ENDED_WITHOUT_SALE).first()


def changed_prices(lines: Iterable[OfferLine]) -> list[NewPrice]:
    """The lines whose article has a newer price, or is no longer sold.

    An article that products have not told of yet counts as unchanged: the quote is signed.
    """
    offered = {line.sku: line for line in lines}
    return [
        NewPrice(
            sku=new.sku,
            title=line.title,
            quoted=line.unit_price,
            price=new.price,
            active=new.active,
        )
        for new in Price.objects.filter(sku__in=offered)
        if (line := offered[new.sku]).price_version < new.version
        and (new.price != line.unit_price or not new.active)
    ]


def ensure_no_live_order(cart_id: UUID) -> None:
    """Raises CartBeingOrdered, naming the order, when the cart has a live one."""
    if live := live_order_of_cart(cart_id):
        raise CartBeingOrdered(order_id=live.pk, number=live.number)


def ensure_current(offer: Offer) -> None:
    """Raises QuoteExpired or PriceChanged when the offer cannot be ordered."""
    if offer.expires_at <= timezone.now():
        raise QuoteExpired
    if prices := changed_prices(offer.lines):
        raise PriceChanged(prices)


def ensure_retryable(order: Order) -> None:
    """Raises NotRetryable unless the order FAILED, and RetryTooLate when it had a coupon and that
    is too long ago."""
    if order.status != Status.FAILED:
        raise NotRetryable
    if not order.coupon:
        return
    failed = order.history.filter(to_status=Status.FAILED).latest("id")
    if timezone.now() - failed.at > COUPON_KEPT_FOR:
        raise RetryTooLate


def is_retryable(order: Order) -> bool:
    """Whether `ensure_retryable` has nothing against it."""
    try:
        ensure_retryable(order)
    except Refusal:
        return False
    return True


def action_url(order: Order) -> str:
    """Where the shopper has to confirm the payment, while the order waits for that; else ""."""
    if order.status != Status.PENDING:
        return ""
    asked = [entry for entry in order.timeline.all() if entry.kind == Kind.ACTION_REQUIRED]
    if not asked or datetime.fromisoformat(asked[-1].data["expires_at"]) <= timezone.now():
        return ""
    return str(asked[-1].data["url"])


def lines_to_order_again(order: Order) -> list[dict[str, Any]]:
    """What was in the order, once it was sold; an order that ended without a sale has left its
    cart as it was."""
    if all(entry.kind != Kind.CONFIRMED for entry in order.timeline.all()):
        return []
    return [{"sku": line.sku, "quantity": line.quantity} for line in order.lines.all()]


def orders_by_status(*, placed_since: datetime) -> dict[str, int]:
    """How many orders were placed since then, by their status now."""
    made = Order.objects.filter(pk__gte=first_id(placed_since))  # so it looks at no older ones
    counted = made.filter(placed_at__gte=placed_since).order_by().values_list("status")
    return dict(counted.annotate(orders=Count("pk")))


def overdue_orders() -> QuerySet[Order]:
    """The orders that are in progress although their time to pay is over."""
    return Order.objects.filter(status=Status.PENDING, pay_before__lt=timezone.now())


def slow_orders() -> QuerySet[Order]:
    """The orders that are in progress for longer than a payment takes, and that do not wait for
    their shopper to answer the bank."""
    longest = settings.ORDER_PAYMENT_WINDOW - SLOWEST_PAYMENT
    pending = Order.objects.filter(status=Status.PENDING, pay_before__lt=timezone.now() + longest)
    return pending.exclude(_told(Kind.ACTION_REQUIRED))


def stuck_orders() -> QuerySet[Order]:
    """Those of them that the bus should have cancelled long ago, the longest overdue first."""
    return Order.objects.filter(
        status=Status.PENDING, pay_before__lt=timezone.now() - STUCK_AFTER
    ).order_by("pay_before")


def refund_failed() -> Exists:
    """Of an order: whether a person has to give money back."""
    return _told(Kind.REFUND_FAILED)


def _told(kind: str) -> Exists:
    return Exists(TimelineEntry.objects.filter(order=OuterRef("pk"), kind=kind))


def is_slow(order: Order) -> bool:
    """Whether the order is in progress for longer than usual, and not for the shopper's sake."""
    waits = timezone.now() - order.placed_at > SLOW_AFTER
    return order.status == Status.PENDING and waits and not action_url(order)


def is_live(order: Order) -> bool:
    """Whether more is to be told soon: until the mail about the order's status is sent, and
    until what was paid for a cancelled order is refunded."""
    if order.status == Status.PENDING:
        return True
    if order.status == Status.DELIVERED:
        return False
    entries = list(order.timeline.all())
    kinds = {entry.kind for entry in entries}
    mails = {entry.data["kind"] for entry in entries if entry.kind == Kind.MAILED}
    settled = {Kind.REFUNDED, Kind.REFUND_FAILED} & kinds
    owed = order.status == Status.CANCELLED and Kind.PAID in kinds and not settled
    changed = max((entry.at for entry in entries), default=order.placed_at)
    told = f"order_{order.status.lower()}" in mails and not owed
    return not told and timezone.now() - changed < WATCH_FOR
