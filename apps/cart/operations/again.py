"""Putting what was ordered once into the cart again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from django.db import transaction

from apps.cart.models import MOST, MOST_LINES, Article, Stock
from apps.cart.operations.filling import Put, put_more
from apps.cart.operations.rows import open_cart


class Wanted(Protocol):
    @property
    def sku(self) -> str: ...
    @property
    def quantity(self) -> int: ...  # units, 1 or more


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An article that could not be put in."""

    sku: str
    title: str  # the SKU where nothing is known of it
    reason: str  # "inactive" (or never heard of), "sold_out" or "cart_full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What came of it."""

    added: list[Put]
    missing: list[Missing]


@transaction.atomic
def add_again(*, owner: str, lines: Iterable[Wanted]) -> Again:
    """Put the articles into the owner's open cart, as many more as the lines say (of one article on
    several lines their sum) and as there are left, and tell what cannot be had. When nothing can,
    nothing has changed and no cart was made."""
    wanted = Counter[str]()
    for line in lines:
        wanted[line.sku] += line.quantity
    articles = Article.objects.in_bulk(list(wanted))
    stock = dict(Stock.objects.filter(sku__in=wanted).values_list("sku", "available"))
    missing = [lack for sku in wanted if (lack := _lack(sku, articles.get(sku), stock.get(sku)))]
    gone = {lack.sku for lack in missing}
    added: list[Put] = []
    if cart := open_cart(owner) if len(gone) < len(wanted) else None:
        had = {line.sku: line for line in cart.lines.all()}
        room = MOST_LINES - len(had)
        for sku in (sku for sku in wanted if sku not in gone):
            article, most = articles[sku], min(stock.get(sku, MOST), MOST)
            if sku not in had and (room := room - 1) < 0:
                missing.append(Missing(sku=sku, title=article.title, reason="cart_full"))
            else:
                added.append(put_more(cart, had.get(sku), article, wanted[sku], most))
    return Again(added=added, missing=missing)


def _lack(sku: str, article: Article | None, available: int | None) -> Missing | None:
    if article is None or not article.active:
        return Missing(sku=sku, title=article.title if article else sku, reason="inactive")
    return Missing(sku=sku, title=article.title, reason="sold_out") if available == 0 else None
