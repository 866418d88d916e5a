"""What this context keeps of the others' words: articles and their stock."""

from decimal import Decimal

from django.db import transaction

from apps.cart.models import Article, Stock


@transaction.atomic
def record_article(
    *,
    sku: str,
    version: int,
    title: str,
    price: Decimal,
    currency: str,
    picture: str,
    url: str,
    active: bool,
    tax_class: str,
) -> None:
    """Keep what products says of the article, unless something newer is known."""
    facts = {
        "version": version,
        "title": title,
        "price": price,
        "currency": currency,
        "picture": picture,
        "url": url,
        "active": active,
        "tax_class": tax_class,
    }
    if not Article.objects.filter(sku=sku, version__lt=version).update(**facts):
        Article.objects.bulk_create([Article(sku=sku, **facts)], ignore_conflicts=True)


@transaction.atomic
def record_stock(*, sku: str, available: int, version: int) -> None:
    """Keep what inventory says of the article, unless something newer is known."""
    facts = {"available": available, "version": version}
    if not Stock.objects.filter(sku=sku, version__lt=version).update(**facts):
        Stock.objects.bulk_create([Stock(sku=sku, **facts)], ignore_conflicts=True)
