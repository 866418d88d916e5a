"""What must hold of carts and coupons by themselves, and the facts that the shop compares with
those of the other contexts; read by `manage.py check_invariants` (docs/invariants.md)."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Count, F, OuterRef, Subquery

from apps.cart import queries
from apps.cart.models import Article, Cart, CartOrder, CouponUse, Stock

type Found = Iterator[tuple[str, list[str], list[tuple[str, str]]]]  # words, keys, rows

CHUNK = 500  # rows in memory at once
Status = Cart.Status


# Facts, in the order of their first field ---------------------------------------------------------
def cart_orders() -> Iterator[Mapping[str, Any]]:
    """What the cart knows of orders."""
    rows = CartOrder.objects.order_by("order_id").values("order_id", "cart_id", "status")
    return rows.iterator(CHUNK)


def coupon_uses() -> Iterator[Mapping[str, Any]]:
    """By cart, the coupons that are used."""
    used = CouponUse.objects.filter(status=CouponUse.Status.USED).order_by("cart_id", "id")
    return used.values("cart_id", "id", "coupon_id").iterator(CHUNK)


def cart_articles() -> Iterator[Mapping[str, Any]]:
    """What the cart knows of the articles."""
    rows = Article.objects.order_by("sku").values("sku", "title", "price", "version", "active")
    return rows.iterator(CHUNK)


def cart_stock() -> Iterator[Mapping[str, Any]]:
    """What the cart knows of the stock, in units."""
    return Stock.objects.order_by("sku").values("sku", "available", "version").iterator(CHUNK)


# Checks -----------------------------------------------------------------------------------------
def waiting_carts() -> Found:
    """Carts that wait for an order."""
    for cart in Cart.objects.filter(status=Status.ORDERED).order_by("id").iterator(CHUNK):
        orders = CartOrder.objects.filter(cart_id=cart.pk).values_list("pk", flat=True)
        about = [str(cart.pk), *map(str, orders)]
        yield f"cart {cart.pk} still waits for its order", about, [("cart_cart", str(cart.pk))]


def closed_with_something() -> Found:
    """Carts that are closed and not empty."""
    closed = Cart.objects.filter(status=Status.CLOSED, lines__isnull=False).distinct()
    for cart in closed.order_by("id").iterator(CHUNK):
        what = f"cart {cart.pk} is closed with something in it"
        yield what, [str(cart.pk)], [("cart_cart", str(cart.pk))]


def used_too_often() -> Found:
    """Coupons of which more is used and held than there is."""
    for coupon in (
        queries.coupons().exclude(total_limit=None).filter(total_limit__lt=F("used") + F("held"))
    ):
        used, held = coupon.used, coupon.held  # type: ignore[attr-defined]
        what = f"coupon {coupon.code}: {used} used and {held} held of {coupon.total_limit}"
        yield what, [], [("cart_coupon", coupon.code)]


def used_too_often_by_one() -> Found:
    """Coupons that a guest uses more often than one customer may. A user may have brought uses of
    theirs along by signing in: those are counted when the next is asked for."""
    used = CouponUse.objects.filter(status=CouponUse.Status.USED, owner__startswith="cart:")
    uses = used.order_by().values_list("coupon", "owner", "coupon__customer_limit")
    counted = uses.annotate(times=Count("id")).filter(times__gt=F("coupon__customer_limit"))
    for code, owner, limit, times in counted:
        what = f"coupon {code}: {times} times used by one customer, not {limit}"
        rows = used.filter(coupon=code, owner=owner).order_by("id").values_list("pk", flat=True)
        yield what, [], [("cart_couponuse", str(pk)) for pk in rows]


def used_by_another() -> Found:
    """Uses of coupons that count for somebody else than the cart's owner."""
    mine = Cart.objects.filter(pk=OuterRef("cart_id")).values("owner")
    used = CouponUse.objects.filter(status=CouponUse.Status.USED).annotate(whose=Subquery(mine))
    for use in used.exclude(whose=None).exclude(whose=F("owner")).order_by("id").iterator(CHUNK):
        what = f"the use of coupon {use.coupon_id} by cart {use.cart_id} counts for {use.owner}"
        yield what, [str(use.cart_id)], [("cart_couponuse", str(use.pk))]


FACTS = {
    "cart_orders": cart_orders,
    "coupon_uses": coupon_uses,
    "cart_articles": cart_articles,
    "cart_stock": cart_stock,
}
ALWAYS: dict[str, list[Any]] = {}
AT_REST = {
    "I8": [waiting_carts],
    "I14": [used_too_often, used_too_often_by_one, used_by_another],
    "I16": [closed_with_something],
}
