"""What can be asked about carts."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from apps.cart.models import Article, Cart, CartLine, Stock


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One article in a cart, as things stand now."""

    sku: str
    title: str
    picture: str  # path
    url: str  # path
    quantity: int  # units
    unit_price: Decimal  # now
    seen_price: Decimal  # when it was put in
    price_version: int
    active: bool
    available: int | None  # units; None while inventory has not spoken

    @property
    def total(self) -> Decimal:
        return self.unit_price * self.quantity

    @property
    def problem(self) -> str:
        """Why it cannot be bought: "inactive", "sold_out", "short", or empty."""
        if not self.active:
            return "inactive"
        if self.available == 0:
            return "sold_out"
        return "short" if self.available is not None and self.available < self.quantity else ""

    @property
    def repriced(self) -> bool:
        """The price is another than when it was put in."""
        return self.unit_price != self.seen_price


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """An open cart, read at one moment; without an id there is none."""

    cart_id: UUID | None = None
    version: int = 0
    lines: tuple[Line, ...] = ()  # in the order in which they were put in

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal("0.00"))

    @property
    def count(self) -> int:
        """Units."""
        return sum(line.quantity for line in self.lines)

    @property
    def problems(self) -> tuple[Line, ...]:
        """The lines that cannot be bought as they are."""
        return tuple(line for line in self.lines if line.problem)


def contents(owner: str | None) -> Contents:
    """What is in the owner's open cart."""
    # One statement, so that the version is the one that has exactly these lines.
    rows = list(
        CartLine.objects.filter(cart__owner=owner, cart__status=Cart.Status.OPEN)
        .select_related("cart")
        .order_by("id")
        if owner
        else ()
    )
    if not rows:
        return Contents()
    skus = [row.sku for row in rows]
    articles = Article.objects.in_bulk(skus)
    stock = dict(Stock.objects.filter(sku__in=skus).values_list("sku", "available"))
    lines = tuple(
        _line(row, articles.get(row.sku) or _unknown(row), stock.get(row.sku)) for row in rows
    )
    return Contents(cart_id=rows[0].cart_id, version=rows[0].cart.version, lines=lines)


def count(owners: list[str]) -> int:
    """Units in the open carts of all these owners."""
    lines = CartLine.objects.filter(cart__owner__in=owners, cart__status=Cart.Status.OPEN)
    return int(lines.aggregate(units=Sum("quantity"))["units"] or 0)


def has_carts(owner: str) -> bool:
    """Whether the owner has ever put something into a cart that is still theirs."""
    return Cart.objects.filter(owner=owner).exists()


def _line(row: CartLine, article: Article, available: int | None) -> Line:
    return Line(
        sku=row.sku,
        title=article.title,
        picture=article.picture,
        url=article.url,
        quantity=row.quantity,
        unit_price=article.price,
        seen_price=row.seen_price,
        price_version=article.version,
        active=article.active,
        available=available,
    )


def _unknown(row: CartLine) -> Article:
    """What stands for an article while products' word of it is missing: nothing to be sold."""
    return Article(sku=row.sku, title=row.sku, price=row.seen_price, version=0, active=False)
