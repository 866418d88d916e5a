"""Carts that nobody comes back to.

Each cart has one scheduled event. It says when the cart was last changed; has it been changed since,
the event is scheduled anew from then. So a change costs nothing, and no clock is asked: the bus runs
the event when its time has come.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from apps.cart import counting
from apps.cart.events import CartExpired
from apps.cart.models import Cart, CartOrder, CouponUse
from eventbus import Envelope, publish

USERS, ANONYMOUS = timedelta(days=90), timedelta(days=30)  # after the last change


def watch(cart: Cart, *, cause: Envelope | None = None) -> None:
    """Schedule the end of the cart, should nobody change it until then; the caller holds its lock.
    A batch handler says which of its events it is the `cause` of."""
    expired = CartExpired(cart_id=cart.pk, changed_at=cart.changed_at)
    publish(expired, key=cart.pk, at=cart.changed_at + _lifetime(cart), cause=cause)


def expire_cart(*, cart_id: UUID, changed_at: datetime) -> None:
    """Delete the cart, with what is known of its orders and the uses of coupons that it only held,
    unless it was changed after `changed_at`; then it is watched on. So is one with a live order,
    as if it had been touched. In the bus's transaction."""
    cart = Cart.objects.select_for_update().filter(pk=cart_id).first()
    if cart is None:
        return
    if cart.changed_at == changed_at:
        if not _is_being_ordered(cart):
            _delete(cart)
            return
        cart.changed_at += _lifetime(cart)  # that is about now
        Cart.objects.filter(pk=cart.pk).update(changed_at=cart.changed_at)
    watch(cart)


def _lifetime(cart: Cart) -> timedelta:
    return USERS if cart.owner.startswith("user:") else ANONYMOUS


def _is_being_ordered(cart: Cart) -> bool:
    live = CartOrder.objects.filter(cart_id=cart.pk, status=CartOrder.Status.CREATED)
    return cart.status == Cart.Status.ORDERED or live.exists()


def _delete(cart: Cart) -> None:
    """Used coupons stay used, and their orders known: one may be cancelled yet."""
    using = Q(coupon_held_until=None) & ~Q(coupon="")
    CartOrder.objects.filter(cart_id=cart.pk).exclude(using).delete()
    lapsed = Q(status=CouponUse.Status.HELD, held_until__lte=timezone.now())
    CouponUse.objects.filter(lapsed, cart_id=cart.pk).delete()
    cart.delete()
    counting.forget(cart.owner)
