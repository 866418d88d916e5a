"""Why a change to a cart is refused."""

from apps.cart import queries


class NotSold(ValueError):
    """There is no such article for sale."""


class SoldOut(ValueError):
    """It is sold out."""


class BadQuantity(ValueError):
    """A cart takes 1 to 99 of an article."""


class NotInCart(LookupError):
    """The article is not in the cart."""


class EmptyCart(ValueError):
    """The cart is empty."""


class Unavailable(ValueError):
    """Some articles in the cart cannot be bought as they are."""

    def __init__(self, lines: tuple[queries.Line, ...]) -> None:
        super().__init__(", ".join(line.title for line in lines))
        self.lines = lines
