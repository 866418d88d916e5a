"""What becomes of a cart when an order is placed from it.

A cart has one live order at a time (orders sees to that), so the order placed last says what the
cart is: created, it holds what was ordered; confirmed, that is sold; failed or cancelled, it is
open again. Events of two orders come in any order, hence the rows and never just the event.

Many orders come in one go; each is decided as if it came alone, after those before it. Rows are locked
in this order: orders by id, their carts and the carts that the owners have begun since by id, uses of
coupons.
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from apps.cart.baskets import Basket, Item, left, poured
from apps.cart.models import Cart, CartOrder
from apps.cart.operations.carts import Carts, Kept
from apps.cart.operations.coupons import RETRY, settle_uses
from eventbus import Envelope

Status = CartOrder.Status
type Place = tuple[datetime, UUID]  # of an order among those of its cart: the last one decides


class OrderedLine(Protocol):
    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...  # units, 1 or more
    @property
    def unit_price(self) -> Decimal: ...


class PlacedOrder(Protocol):
    """An order as it was placed."""

    @property
    def order_id(self) -> UUID: ...
    @property
    def cart_id(self) -> UUID: ...
    @property
    def cart_version(self) -> int: ...  # of the quote
    @property
    def placed_at(self) -> datetime: ...
    @property
    def lines(self) -> Sequence[OrderedLine]: ...
    @property
    def owner(self) -> str: ...
    @property
    def coupon(self) -> str | None: ...


@transaction.atomic
def record_orders(orders: Sequence[PlacedOrder], causes: Sequence[Envelope] = ()) -> None:
    """Have each order's cart hold exactly what was ordered; what was put in beyond the quote goes on
    in an open cart of the same owner. A second call for an order changes nothing; for a cart that
    is unknown here, and for an order that a later one has followed, the order is noted only. No
    order may come twice in one call.

    The use of the coupon that the cart held is the order's from now on, whichever quote of the
    cart it came of; `owner`, who placed it, is noted with it if none was held. `causes` are the
    events that the orders, in their order, come from.
    """
    ids = [order.order_id for order in orders]
    known = set(CartOrder.objects.filter(pk__in=ids).values_list("pk", flat=True))
    causes_of = dict(zip(ids, causes, strict=False))  # there may be none
    new = {order.order_id: _row(order) for order in orders if order.order_id not in known}
    # One that is being noted elsewhere at this moment is refused here, and comes again.
    CartOrder.objects.bulk_create(sorted(new.values(), key=lambda row: row.pk))
    carts = Carts(row.cart_id for row in new.values())
    if carts.ids:
        carts.read()
        latest = _latest(carts, but=new)
        for row in new.values():
            cart, place = carts.get(row.cart_id), (row.placed_at, row.pk)
            if cart and _comes_last(place, latest.get(row.cart_id)):
                latest[row.cart_id] = place
                _hold(carts, cart, row, causes_of.get(row.pk))
        carts.write()
    settle_uses(new.values(), {order.order_id: order.owner for order in orders})


@transaction.atomic
def settle_orders(ended: Sequence[tuple[UUID, str]]) -> None:
    """Let the orders end, once each, as "confirmed", "failed" or "cancelled", and their carts with
    them: confirmed, the ordered lines are gone; else it is open again, intact, with what a cart
    begun since holds added to it, and the use of its coupon is given back. Of an order that is
    unknown here, nothing."""
    rows = CartOrder.objects.select_for_update().order_by("pk").defer("lines")
    orders = {order.pk: order for order in rows.filter(pk__in=[pk for pk, _ in ended])}
    heard = [(orders[order_id], status) for order_id, status in ended if order_id in orders]
    _settle_carts(_end(heard))
    _give_coupons_back(heard)


def _row(order: PlacedOrder) -> CartOrder:
    return CartOrder(
        order_id=order.order_id,
        cart_id=order.cart_id,
        cart_version=order.cart_version,
        placed_at=order.placed_at,
        lines=[
            {"sku": line.sku, "quantity": line.quantity, "unit_price": str(line.unit_price)}
            for line in order.lines
        ],
        coupon=order.coupon or "",
    )


def _end(heard: Iterable[tuple[CartOrder, str]]) -> list[CartOrder]:
    """Give the live ones their status; says which were."""
    live: list[CartOrder] = []
    for order, status in heard:
        if order.status == Status.CREATED:
            order.status = status
            live.append(order)
    for status in sorted({order.status for order in live}):
        ids = [order.pk for order in live if order.status == status]
        CartOrder.objects.filter(pk__in=ids, status=Status.CREATED).update(status=status)
    return live


def _settle_carts(orders: Sequence[CartOrder]) -> None:
    carts = Carts(order.cart_id for order in orders)
    if not carts.ids:
        return
    if any(order.status != Status.CONFIRMED for order in orders):
        carts.read()
    latest = _latest(carts)
    for order in orders:
        cart = carts.get(order.cart_id)
        if cart is None or latest[order.cart_id] != (order.placed_at, order.pk):
            continue  # unknown, or another order decides it
        if order.status == Status.CONFIRMED:
            carts.fill(cart, {}, status=Cart.Status.CLOSED, coupon="")
        else:
            _reopen(carts, cart)
    carts.write()


def _give_coupons_back(heard: Iterable[tuple[CartOrder, str]]) -> None:
    """Once an order, also when it is cancelled after it was confirmed: everything goes back then.
    After a failure the use is kept for the shopper who pays it again."""
    now = timezone.now()
    given: dict[datetime, list[CartOrder]] = defaultdict(list)
    for order, status in heard:
        if status != Status.CONFIRMED and order.coupon and order.coupon_held_until is None:
            order.coupon_held_until = now + (RETRY if status == Status.FAILED else timedelta())
            given[order.coupon_held_until].append(order)
    for until, orders in given.items():
        using = CartOrder.objects.filter(pk__in=[order.pk for order in orders])
        using.update(coupon_held_until=until)
    settle_uses([order for orders in given.values() for order in orders], {})


def _latest(carts: Carts, *, but: Container[UUID] = ()) -> dict[UUID, Place]:
    """Which of all orders of a cart, `but` some, was placed last.

    The orders' rows were written before the carts were locked: whoever takes a lock last sees all.
    """
    orders = CartOrder.objects.filter(cart_id__in=carts.ids).order_by("placed_at", "pk")
    rows = orders.values_list("cart_id", "placed_at", "pk")
    return {cart_id: (placed_at, pk) for cart_id, placed_at, pk in rows if pk not in but}


def _comes_last(place: Place, latest: Place | None) -> bool:
    return latest is None or place > latest


def _hold(carts: Carts, cart: Kept, order: CartOrder, cause: Envelope | None) -> None:
    spare, ordered = carts.spare(cart), _basket_of_order(order)
    rest = left(poured(cart.basket, spare.basket if spare else {}), ordered)
    carts.fill(cart, ordered, status=Cart.Status.ORDERED, coupon=order.coupon)
    if rest and not spare:
        spare = carts.begin(cart.row.owner, cause)
    if spare:
        carts.fill(spare, rest, status=Cart.Status.OPEN, coupon=spare.row.coupon)


def _reopen(carts: Carts, cart: Kept) -> None:
    spare, coupon = carts.spare(cart), cart.row.coupon
    # Not capped by what is left: the order's own units may not have come back there yet.
    whole = poured(cart.basket, spare.basket if spare else {})
    if spare:
        coupon = coupon or spare.row.coupon
        carts.fill(spare, {}, status=Cart.Status.CLOSED, coupon="")
    carts.fill(cart, whole, status=Cart.Status.OPEN, coupon=coupon)


def _basket_of_order(order: CartOrder) -> Basket:
    return {
        line["sku"]: Item(quantity=line["quantity"], seen_price=Decimal(line["unit_price"]))
        for line in order.lines
    }
