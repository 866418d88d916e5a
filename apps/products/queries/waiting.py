"""What can be had, and who waits for it."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Count, F, QuerySet, Window

from apps.products.models import Variant, WaitingShopper
from apps.products.queries.detail import units_of
from apps.products.queries.listing import active_variants


def article(sku: str) -> Variant | None:
    """The article, if it is for sale, with its product and `available`: its units or None."""
    return _for_sale().filter(sku=sku).first()


def buyable(skus: Collection[str]) -> dict[str, Variant]:
    """Those of the articles that are for sale and of which units are left, by SKU."""
    found = _for_sale().filter(sku__in=skus)
    return {variant.sku: variant for variant in found if units_of(variant)}


def waits(*, sku: str, email: str) -> UUID | None:
    """The row by which the address waits for the article, if it does."""
    mine = WaitingShopper.objects.filter(sku=sku, email=email.lower())
    return mine.values_list("pk", flat=True).first()


def waited_for(waiting: QuerySet[WaitingShopper]) -> list[str]:
    """What these shoppers wait for, in words."""
    found = Variant.objects.filter(sku__in=waiting.values("sku")).select_related("product")
    return sorted(variant.title for variant in found)


def counted(waiting: QuerySet[WaitingShopper]) -> QuerySet[WaitingShopper]:
    """The same, each with how many wait for its article (`shoppers`)."""
    return waiting.annotate(shoppers=Window(Count("pk"), partition_by=F("sku")))


def _for_sale() -> QuerySet[Variant]:
    return active_variants().filter(product__listed=True).select_related("product")
