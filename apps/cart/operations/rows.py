"""Carts as rows: found and filled under the cart's row lock, so that changes to one cart wait for
each other. All inside a transaction of the caller."""

from django.db.models import F
from django.utils import timezone

from apps.cart import counting
from apps.cart.baskets import Basket, Item, capped
from apps.cart.models import MOST, Cart, CartLine
from apps.cart.operations.expiring import watch


def open_cart(owner: str) -> Cart:
    """The owner's open cart, its row locked, made if there is none; a new one is watched until it
    expires."""
    made = None
    while (cart := locked_open_cart(owner)) is None:
        # Two at once make one: the loser's row is ignored. Again, if another transaction
        # closes that one between the two statements.
        made = Cart(owner=owner)
        Cart.objects.bulk_create([made], ignore_conflicts=True)
    if made and made.pk == cart.pk:
        watch(cart)
    return cart


def locked_open_cart(owner: str) -> Cart | None:
    """The owner's open cart, its row locked, if there is one."""
    mine = Cart.objects.select_for_update().filter(owner=owner, status=Cart.Status.OPEN)
    return mine.first()


def basket_of(cart: Cart | None) -> Basket:
    """What is in the cart; nothing in none."""
    lines = cart.lines.order_by("id") if cart else ()
    return {line.sku: Item(quantity=line.quantity, seen_price=line.seen_price) for line in lines}


def fill(cart: Cart, basket: Basket, *, status: str) -> None:
    """Make the cart hold exactly the basket (at most 99 of an article) and be in that status, with
    the coupon that it has in memory; the caller holds its lock. Unless it did and was already, its
    version rises. A closed cart keeps no coupon."""
    wanted = capped(basket, {}, MOST)
    if cart.status == status and basket_of(cart) == wanted:
        return
    cart.lines.exclude(sku__in=wanted).delete()
    CartLine.objects.bulk_create(
        [
            CartLine(cart=cart, sku=sku, quantity=item.quantity, seen_price=item.seen_price)
            for sku, item in wanted.items()
        ],
        update_conflicts=True,
        unique_fields=["cart", "sku"],
        update_fields=["quantity", "seen_price"],
    )
    cart.status = status
    if status == Cart.Status.CLOSED:
        cart.coupon = ""
    touch(cart)


def touch(cart: Cart) -> None:
    """Raise the version, keep status and coupon; the caller holds the lock and has changed the
    cart."""
    Cart.objects.filter(pk=cart.pk).update(
        version=F("version") + 1,
        status=cart.status,
        coupon=cart.coupon,
        changed_at=timezone.now(),
    )
    counting.forget(cart.owner)
