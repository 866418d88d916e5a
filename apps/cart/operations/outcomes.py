"""What becomes of a cart when an order is placed from it.

A cart has one live order at a time (orders sees to that), so the order placed last says what the
cart is: created, it holds what was ordered; confirmed, that is sold; failed or cancelled, it is
open again. Events of two orders come in any order, hence the rows and never just the event.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from django.db import transaction

from apps.cart.baskets import Basket, Item, left, poured
from apps.cart.models import Cart, CartOrder
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
) -> None:
    """Have the cart hold exactly what was ordered; what was put in beyond the quote goes on in an
    open cart of the same owner. A second call for the order changes nothing; for a cart that is
    unknown here, and for an order that a later one has followed, the order is noted only."""
    facts = {
        "cart_id": cart_id,
        "cart_version": cart_version,
        "placed_at": placed_at,
        "lines": [
            {"sku": line.sku, "quantity": line.quantity, "unit_price": str(line.unit_price)}
            for line in lines
        ],
    }
    order, new = CartOrder.objects.get_or_create(order_id=order_id, defaults=facts)
    if new and (cart := _locked_cart_of(order)):
        _hold(cart, _basket_of_order(order))


@transaction.atomic
def settle_order(*, order_id: UUID, status: str) -> None:
    """Let the order end, once, as "confirmed", "failed" or "cancelled", and its cart with it:
    confirmed, the ordered lines are gone; else it is open again, intact, with what a cart begun
    since holds added to it. Of an order that is unknown here, nothing."""
    live = CartOrder.objects.filter(order_id=order_id, status=CartOrder.Status.CREATED)
    if not live.update(status=status):
        return
    cart = _locked_cart_of(CartOrder.objects.get(order_id=order_id))
    if cart is None:
        return
    if status == CartOrder.Status.CONFIRMED:
        fill(cart, {}, status=Cart.Status.CLOSED)
    else:
        _reopen(cart)


def _locked_cart_of(order: CartOrder) -> Cart | None:
    """The order's cart, its row locked; None when it is unknown or another order decides it.

    The caller has written the order's row before: whoever takes the lock last sees every row.
    """
    cart = Cart.objects.select_for_update().filter(pk=order.cart_id).first()
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
    whole = poured(basket_of(cart), basket_of(spare))
    if spare:
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
