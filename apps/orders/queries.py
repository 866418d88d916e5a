"""Every read of orders."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet
from django.utils import timezone

from apps.orders.access import is_access_token
from apps.orders.models import Order, Price, TimelineEntry
from apps.orders.quotes import Offer, OfferLine
from apps.orders.refusals import CartBeingOrdered, NewPrice, PriceChanged, QuoteExpired

Status = Order.Status
Kind = TimelineEntry.Kind
ENDED_WITHOUT_SALE = (Status.FAILED, Status.CANCELLED)
CANCELLABLE = (Status.PENDING, Status.CONFIRMED)
# A mail that takes longer is not worth asking for every second.
WATCH_FOR = timedelta(minutes=1)
SLOW_AFTER = timedelta(seconds=30)  # the saga takes about one second


def order_for(order_id: UUID, *, owner: str | None, token: str = "") -> Order | None:
    """The order, if `owner` placed it or `token` opens it; None for everybody else."""
    order = Order.objects.prefetch_related("lines", "timeline").filter(pk=order_id).first()
    if order is None:
        return None
    mine = owner is not None and order.owner == owner
    return order if mine or is_access_token(token, order_id=order_id) else None


def orders_of(owner: str | None) -> QuerySet[Order]:
    """The owner's orders with their lines, newest first; none for None."""
    return Order.objects.filter(owner=owner).prefetch_related("lines").order_by("-placed_at")


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
    """Raises QuoteExpired, CartBeingOrdered or PriceChanged when the offer cannot be ordered."""
    if offer.expires_at <= timezone.now():
        raise QuoteExpired
    ensure_no_live_order(offer.cart_id)
    if prices := changed_prices(offer.lines):
        raise PriceChanged(prices)


def orders_by_status(*, placed_since: datetime) -> dict[str, int]:
    """How many orders were placed since then, by their status now."""
    # The first 48 bits of a UUIDv7 are milliseconds since 1970: so the primary key bounds it.
    first = UUID(int=int(placed_since.timestamp() * 1000) << 80)
    counted = Order.objects.filter(pk__gte=first).order_by().values_list("status")
    return dict(counted.annotate(orders=Count("pk")))


def overdue_orders() -> QuerySet[Order]:
    """The orders that are in progress although their time to pay is over."""
    return Order.objects.filter(status=Status.PENDING, pay_before__lt=timezone.now())


def is_slow(order: Order) -> bool:
    """Whether the order is in progress for longer than usual."""
    return order.status == Status.PENDING and timezone.now() - order.placed_at > SLOW_AFTER


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
    owed = order.status == Status.CANCELLED and Kind.PAID in kinds and Kind.REFUNDED not in kinds
    changed = max((entry.at for entry in entries), default=order.placed_at)
    told = f"order_{order.status.lower()}" in mails and not owed
    return not told and timezone.now() - changed < WATCH_FOR
