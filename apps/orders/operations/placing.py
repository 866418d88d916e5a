"""Placing an order from a signed quote, and paying a failed one again."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from apps.orders import queries
from apps.orders.access import access_token, subject_of
from apps.orders.events import Line, OrderCreated, PaymentDue
from apps.orders.models import Order, OrderLine, StatusChange, TimelineEntry, new_number
from apps.orders.quotes import Offer, read_quote
from apps.orders.refusals import CountryMismatch, NotRetryable
from eventbus import publish

COPIED = (  # from a failed order to its retry
    *("owner", "customer_id", "email", "name", "line1", "line2", "city", "postcode", "country"),
    *("currency", "subtotal", "discount", "shipping", "tax", "total", "cart_id", "cart_version"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the parcel goes."""

    name: str
    line1: str
    line2: str = ""
    city: str
    postcode: str
    country: str  # ISO 3166-1 alpha-2


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


@transaction.atomic
def place_order(
    *, quote: str, owner: str, email: str, address: Address, payment_method: str
) -> Placed:
    """Record a PENDING order and announce it in the same commit; a used quote gives its order.

    Raises QuoteInvalid, QuoteNotYours, QuoteExpired, CountryMismatch, PriceChanged (with the new
    prices) or CartBeingOrdered (with the live order); then nothing is written or announced.
    """
    offer = read_quote(quote, owner=owner)
    if used := queries.order_of_quote(offer):
        return Placed(order=used, created=False)
    if address.country != offer.country:
        raise CountryMismatch
    queries.ensure_current(offer)
    order = _offered(offer, email=email, address=address, payment_method=payment_method)
    try:
        return Placed(order=_begin(order, offer.lines), created=True)
    except IntegrityError:  # another request was faster by a moment
        if used := queries.order_of_quote(offer):
            return Placed(order=used, created=False)
        queries.ensure_no_live_order(offer.cart_id)
        raise


@transaction.atomic
def retry_order(*, order_id: UUID, payment_method: str, owner: str | None = None) -> Placed:
    """Pay a FAILED order again: a new order with its lines, address and prices, announced in the
    same commit. A second call gives the first one's order.

    It is `owner`'s, who entered the card (a guest may have signed in since, or have opened the
    mail's link elsewhere); without one, the failed order's owner's. Whose personal data it carries
    does not change, but that of a guest becomes the customer's who signed in.

    Raises NotRetryable unless it FAILED and CartBeingOrdered when its cart was ordered since; then
    nothing is written or announced.
    """
    if retried := queries.retry_of(order_id):
        return Placed(order=retried, created=False)
    failed = Order.objects.get(pk=order_id)
    if failed.status != Order.Status.FAILED:
        raise NotRetryable
    queries.ensure_no_live_order(failed.cart_id)
    copied = {name: getattr(failed, name) for name in COPIED}
    order = Order(**copied, retry_of=order_id, payment_method=payment_method)
    order.owner = owner or failed.owner
    order.customer_id = failed.customer_id or _customer(order.owner)
    try:
        return Placed(order=_begin(order, list(failed.lines.all())), created=True)
    except IntegrityError:  # another request was faster by a moment
        if retried := queries.retry_of(order_id):
            return Placed(order=retried, created=False)
        queries.ensure_no_live_order(failed.cart_id)
        raise


def _offered(offer: Offer, *, email: str, address: Address, payment_method: str) -> Order:
    return Order(
        owner=offer.owner,
        customer_id=_customer(offer.owner),
        email=email,
        currency=offer.currency,
        subtotal=offer.subtotal,
        discount=offer.discount,
        shipping=offer.shipping,
        tax=offer.tax,
        total=offer.total,
        cart_id=offer.cart_id,
        cart_version=offer.cart_version,
        payment_method=payment_method,
        **asdict(address),
    )


def _customer(owner: str) -> UUID | None:
    """The customer's id; None for guests (and where users have other ids than ours)."""
    kind, _, value = owner.partition(":")
    try:
        return UUID(value) if kind == "user" else None
    except ValueError:
        return None


def _begin(order: Order, lines: Sequence[OrderedLine]) -> Order:
    """Write and announce the order; IntegrityError leaves the caller's transaction usable."""
    order.placed_at = timezone.now()
    order.pay_before = order.placed_at + settings.ORDER_PAYMENT_WINDOW
    while Order.objects.filter(number=order.number).exists():
        order.number = new_number()
    with transaction.atomic():
        order.save(force_insert=True)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            sku=line.sku,
            title=line.title,
            quantity=line.quantity,
            unit_price=line.unit_price,
            price_version=line.price_version,
        )
        for line in lines
    )
    StatusChange.objects.create(
        order=order, to_status=order.status, by="customer", at=order.placed_at
    )
    _announce(order, lines, at=order.placed_at)
    return order


def _announce(order: Order, lines: Sequence[OrderedLine], *, at: datetime) -> None:
    event_id = publish(_created(order, lines), key=order.pk)
    TimelineEntry.objects.create(
        order=order, event_id=event_id, kind=TimelineEntry.Kind.PLACED, at=at
    )
    publish(PaymentDue(order_id=order.pk), key=order.pk, at=order.pay_before)


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
            Line(sku=line.sku, title=line.title, quantity=line.quantity, unit_price=line.unit_price)
            for line in lines
        ),
        payment_method=order.payment_method,
        cart_id=order.cart_id,
        cart_version=order.cart_version,
        retry_of=order.retry_of,
        pay_before=order.pay_before,
    )


def _url(order: Order) -> str:
    page = settings.SHOP_URL.rstrip("/") + reverse("orders:detail", args=[order.pk])
    guest = not order.owner.startswith("user:")
    return f"{page}?token={access_token(order.pk)}" if guest else page
