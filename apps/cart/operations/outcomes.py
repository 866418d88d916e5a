"""What becomes of a cart when an order is placed from it.

A cart has one live order at a time (orders sees to that), so the order placed last says what the
cart is: created, it holds what was ordered; confirmed, that is sold; failed or cancelled, it is
open again. Events of two orders come in any order, hence the rows and never just the event.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Q, Subquery
from django.utils import timezone

from apps.cart.baskets import Basket, Item, left, poured
from apps.cart.models import Cart, CartOrder
from apps.cart.operations.coupons import RETRY, settle_use
from apps.cart.operations.rows import basket_of, fill, locked_open_cart, open_cart


class OrderedLine(Protocol):
    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...  # units, 1 or more
    @property
    def unit_price(self) -> Decimal: ...


@transaction.atomic
def record_order(
    *,
    order_id: UUID,
    cart_id: UUID,
    cart_version: int,
    placed_at: datetime,
    lines: Sequence[OrderedLine],
    owner: str = "",
    coupon: str = "",
) -> None:
    """Have the cart hold exactly what was ordered; what was put in beyond the quote goes on in an
    open cart of the same owner. A second call for the order changes nothing; for a cart that is
    unknown here, and for an order that a later one has followed, the order is noted only.

    The use of the coupon that the cart held is the order's from now on, whichever quote of the
    cart it came of; `owner`, who placed it, is noted with it if none was held."""
    facts = {
        "cart_id": cart_id,
        "cart_version": cart_version,
        "placed_at": placed_at,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "unit_price": str(line.unit_price)}
            for line in lines
        ],
        "coupon": coupon,
    }
    order, new = CartOrder.objects.get_or_create(order_id=order_id, defaults=facts)
    if new and (cart := _locked_cart_of(order)):
        cart.coupon = coupon
        _hold(cart, _basket_of_order(order))
    if new and coupon:
        settle_use(order, owner=owner)


@transaction.atomic
def settle_order(*, order_id: UUID, status: str) -> None:
    """Let the order end, once, as "confirmed", "failed" or "cancelled", and its cart with it:
    confirmed, the ordered lines are gone; else it is open again, intact, with what a cart begun
    since holds added to it, and the use of its coupon is given back. Of an order that is unknown
    here, nothing."""
    live = CartOrder.objects.filter(order_id=order_id, status=CartOrder.Status.CREATED)
    if live.update(status=status):
        _settle_cart(CartOrder.objects.get(order_id=order_id))
    if status != CartOrder.Status.CONFIRMED:
        _give_coupon_back(order_id, failed=status == CartOrder.Status.FAILED)


def _settle_cart(order: CartOrder) -> None:
    cart = _locked_cart_of(order)
    if cart is None:
        return
    if order.status == CartOrder.Status.CONFIRMED:
        fill(cart, {}, status=Cart.Status.CLOSED)
    else:
        _reopen(cart)


def _give_coupon_back(order_id: UUID, *, failed: bool) -> None:
    """Once an order, also when it is cancelled after it was confirmed: everything goes back then.
    After a failure the use is kept for the shopper who pays it again."""
    until = timezone.now() + (RETRY if failed else timedelta())
    using = CartOrder.objects.filter(order_id=order_id, coupon_held_until=None).exclude(coupon="")
    if using.update(coupon_held_until=until):
        settle_use(CartOrder.objects.get(order_id=order_id), owner="")


def _locked_cart_of(order: CartOrder) -> Cart | None:
    """The order's cart, its row locked; None when it is unknown or another order decides it.

    The caller has written the order's row before: whoever takes the lock last sees every row. The
    cart that the owner has begun since, if there is one, is locked with it, in the order of their
    ids: so does who claims them all.
    """
    owner = Cart.objects.filter(pk=order.cart_id).values("owner")[:1]
    spare = Q(owner=Subquery(owner), status=Cart.Status.OPEN)
    rows = Cart.objects.select_for_update().filter(Q(pk=order.cart_id) | spare).order_by("pk")
    cart = next((row for row in rows if row.pk == order.cart_id), None)
    latest = CartOrder.objects.filter(cart_id=order.cart_id).last()
    return cart if latest and latest.pk == order.pk else None


def _hold(cart: Cart, ordered: Basket) -> None:
    spare = _spare(cart)
    rest = left(poured(basket_of(cart), basket_of(spare)), ordered)
    fill(cart, ordered, status=Cart.Status.ORDERED)
    if rest or spare:
        fill(spare or open_cart(cart.owner), rest, status=Cart.Status.OPEN)


def _reopen(cart: Cart) -> None:
    spare = _spare(cart)
    # Not capped by what is left: the order's own units may not have come back there yet.
    whole = poured(basket_of(cart), basket_of(spare))
    if spare:
        cart.coupon = cart.coupon or spare.coupon
        fill(spare, {}, status=Cart.Status.CLOSED)  # first: an owner has one open cart
    fill(cart, whole, status=Cart.Status.OPEN)


def _spare(cart: Cart) -> Cart | None:
    """The cart that the owner has begun since, its row locked."""
    spare = locked_open_cart(cart.owner)
    return spare if spare and spare.pk != cart.pk else None


def _basket_of_order(order: CartOrder) -> Basket:
    return {
        line["sku"]: Item(quantity=line["quantity"], seen_price=Decimal(line["unit_price"]))
        for line in order.lines
    }
