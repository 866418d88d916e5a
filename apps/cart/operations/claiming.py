"""A cart that was filled before signing in becomes the user's."""

from django.db import transaction

from apps.cart.baskets import Basket, capped, poured
from apps.cart.models import MOST, Article, Cart, CouponUse, Stock
from apps.cart.operations.filling import Put
from apps.cart.operations.rows import basket_of, fill, open_cart


@transaction.atomic
def claim_carts(*, anonymous: str, owner: str) -> list[Put]:
    """Make the carts of somebody who signed in their own: what the open one holds is added to
    their open cart (quantities summed, no more than are left), and those with an order come back
    to them should the order fail. Says of which articles they got less than the sum.

    The coupon comes along where they have none, and what they used as a guest counts as used by
    them. What is only held does not: the new cart's quote holds a use of its own.
    """
    less: list[Put] = []
    carts = list(Cart.objects.select_for_update().filter(owner=anonymous).order_by("pk"))
    for cart in carts:
        if cart.status == Cart.Status.OPEN:
            mine = open_cart(owner)
            mine.coupon = mine.coupon or cart.coupon
            whole = poured(basket_of(mine), basket_of(cart))
            kept = capped(whole, _left_of(whole), MOST)
            fill(mine, kept, status=Cart.Status.OPEN)
            fill(cart, {}, status=Cart.Status.CLOSED)
            less += _less(whole, kept)
    Cart.objects.filter(pk__in=[cart.pk for cart in carts]).update(owner=owner)
    CouponUse.objects.filter(owner=anonymous, status=CouponUse.Status.USED).update(owner=owner)
    return less


def _left_of(basket: Basket) -> dict[str, int]:
    """Of the articles that are not sold out: that would empty a cart over a passing shortage."""
    some = Stock.objects.filter(sku__in=list(basket), available__gt=0)
    return dict(some.values_list("sku", "available"))


def _less(whole: Basket, kept: Basket) -> list[Put]:
    cut = {sku: item for sku, item in kept.items() if item.quantity < whole[sku].quantity}
    titles = dict(Article.objects.filter(sku__in=list(cut)).values_list("sku", "title"))
    return [
        Put(sku=sku, title=titles.get(sku, sku), asked=whole[sku].quantity, quantity=item.quantity)
        for sku, item in cut.items()
    ]
