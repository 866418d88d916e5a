"""What shoppers do to their carts."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import OuterRef, Subquery

from apps.cart.models import MOST, MOST_LINES, Article, Cart, CartLine, Stock
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


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOut:
    """What was taken out of a cart, and can be put back."""

    sku: str
    title: str
    quantity: int  # units


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
    lines = {line.sku: line for line in cart.lines.all()}
    if sku not in lines and len(lines) >= MOST_LINES:
        raise CartFull
    return put_more(cart, lines.get(sku), article, quantity, most)


@transaction.atomic
def set_quantity(*, owner: str, sku: str, quantity: int) -> Put:
    """Have `quantity` (0 to 99) of an article that is in the owner's open cart; 0 takes it out. A
    price that has changed since it was put in is not accepted by that.

    Raises BadQuantity, NotInCart, NotSold and SoldOut; then nothing has changed.
    """
    if not 0 <= quantity <= MOST:
        raise BadQuantity
    if quantity == 0:
        remove_line(owner=owner, sku=sku)
        return Put(sku=sku, title=sku, asked=0, quantity=0)
    cart, line = _line_of(owner, sku)
    article, most = _for_sale(sku)
    put = Put(sku=sku, title=article.title, asked=quantity, quantity=min(quantity, most))
    if line.quantity != put.quantity:
        cart.lines.filter(pk=line.pk).update(quantity=put.quantity)
        touch(cart)
    return put


@transaction.atomic
def remove_line(*, owner: str, sku: str) -> TakenOut:
    """Take the article out of the owner's open cart. Raises NotInCart."""
    cart, line = _line_of(owner, sku)
    line.delete()
    touch(cart)
    title = Article.objects.filter(sku=sku).values_list("title", flat=True).first()
    return TakenOut(sku=sku, title=title or sku, quantity=line.quantity)


@transaction.atomic
def put_back(*, owner: str, sku: str, quantity: int) -> Put:
    """Undo `remove_line`: have `quantity` (1 to 99) of the article in the owner's open cart again,
    or as many as are left. Of one that is in it already nothing changes, so twice is once.

    Raises BadQuantity, NotSold, SoldOut and CartFull; then nothing has changed and no cart was made.
    """
    if not 1 <= quantity <= MOST:
        raise BadQuantity
    article, most = _for_sale(sku)
    cart = open_cart(owner)
    lines = {line.sku: line for line in cart.lines.all()}
    if line := lines.get(sku):
        return Put(sku=sku, title=article.title, asked=line.quantity, quantity=line.quantity)
    if len(lines) >= MOST_LINES:
        raise CartFull
    return put_more(cart, None, article, quantity, most)


def put_more(cart: Cart, line: CartLine | None, article: Article, quantity: int, most: int) -> Put:
    """Have so many units more of the article in the cart, at its price of now, or `most` if that is
    less; `line` is what it has of it. The caller holds the cart's lock."""
    asked = (line.quantity if line else 0) + quantity
    put = Put(sku=article.sku, title=article.title, asked=asked, quantity=min(asked, most))
    values = {"quantity": put.quantity, "seen_price": article.price}
    if line is None:
        cart.lines.create(sku=article.sku, **values)
    elif (line.quantity, line.seen_price) == (put.quantity, article.price):
        return put
    else:
        cart.lines.filter(pk=line.pk).update(**values)
    touch(cart)
    return put


def _for_sale(sku: str) -> tuple[Article, int]:
    """The article and how many of it a cart may hold now. Raises NotSold and SoldOut."""
    left = Stock.objects.filter(sku=OuterRef("sku")).values("available")
    found = Article.objects.annotate(left=Subquery(left)).filter(sku=sku, active=True).first()
    if found is None:
        raise NotSold
    if found.left == 0:
        raise SoldOut
    return found, MOST if found.left is None else min(found.left, MOST)


def _line_of(owner: str, sku: str) -> tuple[Cart, CartLine]:
    cart = locked_open_cart(owner)
    line = cart.lines.filter(sku=sku).first() if cart else None
    if cart is None or line is None:
        raise NotInCart
    return cart, line
