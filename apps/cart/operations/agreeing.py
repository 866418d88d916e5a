"""What a shopper says to the offer before it is made: a coupon, and yes to what has changed."""

from django.db import transaction

from apps.cart import queries
from apps.cart.models import Cart
from apps.cart.operations.coupons import locked_coupon, tidy
from apps.cart.operations.errors import CartChanged, EmptyCart
from apps.cart.operations.quoting import SignedQuote, make_quote
from apps.cart.operations.rows import locked_open_cart, touch


@transaction.atomic
def apply_coupon(*, owner: str | None, code: str) -> str:
    """Put the coupon into the owner's open cart, in place of the one it has; gives the code as it
    is kept. What it takes off is in the next quote, which holds a use of it.

    Raises EmptyCart and CouponRefused; then nothing has changed.
    """
    cart = _filled_cart(owner)
    subtotal = queries.contents(cart.owner).subtotal
    coupon = locked_coupon(tidy(code), owner=cart.owner, cart_id=cart.pk, subtotal=subtotal)
    _set_coupon(cart, coupon.code)
    return coupon.code


@transaction.atomic
def remove_coupon(*, owner: str | None) -> None:
    """Take the coupon out of the owner's open cart, if there is one. A use that a quote holds stays
    held as long as that quote can be ordered."""
    if owner and (cart := locked_open_cart(owner)):
        _set_coupon(cart, "")


@transaction.atomic
def make_quote_with(
    *, owner: str | None, coupon: str, country: str, shipping_method: str
) -> SignedQuote:
    """Put the coupon into the cart (an empty code takes it out), then as make_quote. When it raises,
    the coupon is what it was."""
    if tidy(coupon):
        apply_coupon(owner=owner, code=coupon)
    else:
        remove_coupon(owner=owner)
    return make_quote(owner=owner, country=country, shipping_method=shipping_method)


@transaction.atomic
def accept_changes(*, owner: str | None, changes_id: str) -> None:
    """Make the owner's open cart what `changes_id` says that they have seen: what is gone is taken
    out, what is short is lowered to what is left, and the new prices are the ones that were seen.

    Raises EmptyCart, and CartChanged when there are other changes by now; then nothing has changed.
    """
    cart = _filled_cart(owner)
    seen = queries.contents(cart.owner)
    if seen.changes_id != changes_id:
        raise CartChanged(seen)
    for change in seen.changes:
        line = cart.lines.filter(sku=change.sku)
        if change.kind == "price":
            line.update(seen_price=change.now)
        elif change.now:
            line.update(quantity=change.now)
        else:
            line.delete()
    if seen.changes:
        touch(cart)


def _filled_cart(owner: str | None) -> Cart:
    """The owner's open cart with something in it, its row locked. Raises EmptyCart."""
    cart = locked_open_cart(owner) if owner else None
    if cart is None or not cart.lines.exists():
        raise EmptyCart
    return cart


def _set_coupon(cart: Cart, code: str) -> None:
    if cart.coupon != code:
        cart.coupon = code
        touch(cart)
