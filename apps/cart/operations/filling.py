"""What shoppers do to their carts."""

from dataclasses import dataclass

from django.db import transaction

from apps.cart.models import MOST, MOST_LINES, Article, Cart, Stock
from apps.cart.operations.errors import BadQuantity, CartFull, NotInCart, NotSold, SoldOut
from apps.cart.operations.rows import locked_open_cart, open_cart, touch


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """What came of putting an article into a cart."""

    sku: str
    title: str
    asked: int  # units
    quantity: int  # units that are in the cart now

    @property
    def notice(self) -> str:
        """For the shopper; empty when they got what they asked for."""
        if self.quantity == self.asked:
            return ""
        if self.quantity == MOST:
            return f"We sell up to {MOST} of one article, so we set {MOST}."
        return f"Only {self.quantity} left, we set {self.quantity}."

    @property
    def told(self) -> str:
        """The notice, where it is not clear which article it is about."""
        return f"{self.title}: {self.notice}"


@transaction.atomic
def add_line(*, owner: str, sku: str, quantity: int) -> Put:
    """Put `quantity` more (1 to 99) of the article into the owner's open cart, making one if
    need be; of an article that is short, as many as are left.

    Raises BadQuantity, NotSold, SoldOut and CartFull; then nothing has changed and no cart was made.
    """
    if not 1 <= quantity <= MOST:
        raise BadQuantity
    article, most = _for_sale(sku)
    cart = open_cart(owner)
    line = cart.lines.filter(sku=sku).first()
    if line is None and cart.lines.count() >= MOST_LINES:
        raise CartFull
    return put_into(cart, article, (line.quantity if line else 0) + quantity, most)


@transaction.atomic
def set_quantity(*, owner: str, sku: str, quantity: int) -> Put:
    """Have `quantity` (0 to 99) of an article that is in the owner's open cart; 0 takes it out.

    Raises BadQuantity, NotInCart, NotSold and SoldOut; then nothing has changed.
    """
    if not 0 <= quantity <= MOST:
        raise BadQuantity
    if quantity == 0:
        remove_line(owner=owner, sku=sku)
        return Put(sku=sku, title=sku, asked=0, quantity=0)
    cart = _cart_with(owner, sku)
    article, most = _for_sale(sku)
    return put_into(cart, article, quantity, most)


@transaction.atomic
def remove_line(*, owner: str, sku: str) -> None:
    """Take the article out of the owner's open cart. Raises NotInCart."""
    cart = _cart_with(owner, sku)
    cart.lines.filter(sku=sku).delete()
    touch(cart)


def _for_sale(sku: str) -> tuple[Article, int]:
    """The article and how many of it a cart may hold now. Raises NotSold and SoldOut."""
    article = Article.objects.filter(sku=sku, active=True).first()
    if article is None:
        raise NotSold
    stock = Stock.objects.filter(sku=sku).first()
    if stock and stock.available == 0:
        raise SoldOut
    return article, min(stock.available, MOST) if stock else MOST


def _cart_with(owner: str, sku: str) -> Cart:
    cart = locked_open_cart(owner)
    if cart is None or not cart.lines.filter(sku=sku).exists():
        raise NotInCart
    return cart


def put_into(cart: Cart, article: Article, asked: int, most: int) -> Put:
    """Have `asked` units of the article in the cart, or `most` if that is less; the caller holds its
    lock."""
    quantity = min(asked, most)
    values = {"quantity": quantity, "seen_price": article.price}
    if not cart.lines.filter(sku=article.sku, **values).exists():
        cart.lines.update_or_create(sku=article.sku, defaults=values)
        touch(cart)
    return Put(sku=article.sku, title=article.title, asked=asked, quantity=quantity)
