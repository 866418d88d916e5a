"""What can be asked about carts."""

import json
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from decimal import Decimal
from hashlib import sha256
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Now

from apps.cart import counting
from apps.cart.models import Article, Cart, CartLine, Coupon, CouponUse, Stock


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
    tax_class: str
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
class Change:
    """What has become of a line since the shopper put it in, to be accepted before paying."""

    sku: str
    title: str
    kind: str  # "price", "short", "sold_out" or "inactive"
    before: Decimal | int  # of "price" what one cost, else the units in the cart
    now: Decimal | int  # what one costs; the units that can be had, 0 of those that are gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """An open cart, read at one moment; without an id there is none."""

    cart_id: UUID | None = None
    version: int = 0
    coupon: str = ""  # the code that was entered; whether it is good is asked when quoting
    lines: tuple[Line, ...] = ()  # in the order in which they were put in

    @property
    def subtotal(self) -> Decimal:
        return sum((line.total for line in self.lines), Decimal("0.00"))

    @property
    def count(self) -> int:
        """Units."""
        return sum(line.quantity for line in self.lines)

    @property
    def changes(self) -> tuple[Change, ...]:
        """What the shopper has to accept before this can be bought."""
        return tuple(change for line in self.lines for change in _changes(line))

    @property
    def changes_id(self) -> str:
        """Names exactly these changes, so that nothing is accepted unseen; empty without any."""
        told = json.dumps([astuple(change) for change in self.changes], default=str)
        return sha256(told.encode()).hexdigest()[:16] if self.changes else ""


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
    cart = rows[0].cart
    return Contents(cart_id=cart.pk, version=cart.version, coupon=cart.coupon, lines=lines)


def count(owners: list[str]) -> int:
    """Units in the open carts of all these owners; for the eye, not to reckon with (counting.py)."""
    return counting.units(owners, _count)


def coupons() -> QuerySet[Coupon]:
    """The coupons, each with how often it is `held` now and was `used`."""
    status = CouponUse.Status
    held = Q(uses__status=status.HELD, uses__held_until__gt=Now())
    return Coupon.objects.annotate(
        held=Count("uses", filter=held), used=Count("uses", filter=Q(uses__status=status.USED))
    )


def has_carts(owner: str) -> bool:
    """Whether the owner has ever put something into a cart that is still theirs."""
    return Cart.objects.filter(owner=owner).exists()


def _count(owner: str) -> int:
    lines = CartLine.objects.filter(cart__owner=owner, cart__status=Cart.Status.OPEN)
    return int(lines.aggregate(units=Sum("quantity"))["units"] or 0)


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
        tax_class=article.tax_class,
        active=article.active,
        available=available,
    )


def _unknown(row: CartLine) -> Article:
    """What stands for an article while products' word of it is missing: nothing to be sold."""
    return Article(sku=row.sku, title=row.sku, price=row.seen_price, version=0, active=False)


def _changes(line: Line) -> Iterator[Change]:
    named = {"sku": line.sku, "title": line.title}
    if line.problem:
        left = line.available if line.problem == "short" else 0
        yield Change(**named, kind=line.problem, before=line.quantity, now=left or 0)
    if line.repriced and line.problem in ("", "short"):
        yield Change(**named, kind="price", before=line.seen_price, now=line.unit_price)
