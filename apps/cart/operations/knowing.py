"""What this context keeps of the others' words: articles and their stock.

The news of many articles comes in one go and is written as a set: new rows first, then those that
are older than their news, their rows locked in the order of the SKUs. So two that write at once wait
for each other, and the highest version stays, whoever comes last.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Protocol

from django.db import models, transaction

from apps.cart.models import Article, Stock

ARTICLE = ["version", "title", "price", "currency", "picture", "url", "active", "tax_class"]
STOCK = ["version", "available"]


class ArticleNews(Protocol):
    """An article as products tells it."""

    @property
    def sku(self) -> str: ...
    @property
    def version(self) -> int: ...  # the highest is kept
    @property
    def title(self) -> str: ...
    @property
    def price(self) -> Decimal: ...  # tax included
    @property
    def currency(self) -> str: ...  # ISO 4217
    @property
    def picture(self) -> str: ...  # path
    @property
    def url(self) -> str: ...  # path
    @property
    def active(self) -> bool: ...
    @property
    def tax_class(self) -> str: ...


class StockNews(Protocol):
    """How many units can be sold, as inventory tells it."""

    @property
    def sku(self) -> str: ...
    @property
    def version(self) -> int: ...  # the highest is kept
    @property
    def available(self) -> int: ...  # units


def record_articles(news: Sequence[ArticleNews]) -> None:
    """Keep what products says of the articles, unless something newer is known."""
    _record(Article, ARTICLE, news)


def record_stock(news: Sequence[StockNews]) -> None:
    """Keep what inventory says of the articles, unless something newer is known."""
    _record(Stock, STOCK, news)


@transaction.atomic
def _record(model: type[models.Model], fields: list[str], news: Sequence[Any]) -> None:
    told = {each.sku: each for each in sorted(news, key=_place)}
    rows = [
        model(sku=sku, **{field: getattr(each, field) for field in fields})
        for sku, each in told.items()
    ]
    manager = model._default_manager
    manager.bulk_create(rows, ignore_conflicts=True)
    known = manager.select_for_update().filter(sku__in=told).order_by("sku")
    versions = dict(known.values_list("sku", "version"))
    newer = [row for row in rows if row.version > versions[row.pk]]  # type: ignore[attr-defined]
    if newer:
        manager.bulk_create(
            newer, update_conflicts=True, unique_fields=["sku"], update_fields=fields
        )


def _place(news: Any) -> tuple[str, int]:
    return news.sku, news.version
