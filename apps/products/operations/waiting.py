"""Shoppers who wait for an article that is sold out, and are told once when it is back."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from apps.products import queries
from apps.products.events import BackInStock
from apps.products.leaving import leave_url
from apps.products.models import Availability, Variant, WaitingShopper
from eventbus import Envelope, publish


class NotSoldOut(ValueError):
    """It can be bought: there is nothing to wait for."""


@transaction.atomic
def wait_for(*, sku: str, email: str, subject: str) -> UUID:
    """Have the address told when the article is back. Gives the id of the row that was to be made:
    there is none with it when the address was on the list already, which nobody is to find out.

    Raises NotSoldOut; then nothing has changed.
    """
    # The lock that news of the stock takes: whoever is listed now is there before it or too late.
    stock = Availability.objects.select_for_update().filter(sku=sku).first()
    if stock is None or stock.available:
        raise NotSoldOut
    new = WaitingShopper(sku=sku, email=email.lower(), subject=subject)
    WaitingShopper.objects.bulk_create([new], ignore_conflicts=True)
    return new.pk


@transaction.atomic
def leave(waiting: QuerySet[WaitingShopper]) -> int:
    """Take these shoppers off the list; says how many were on it."""
    return waiting.delete()[0]


def tell_waiting(skus: Iterable[str], causes: Mapping[str, Envelope] | None = None) -> int:
    """Tell whoever waits for one of these articles that it can be bought, if it can, and take them
    off the list, in the transaction of the caller; says how many. `causes`: the events by SKU."""
    wanted = WaitingShopper.objects.select_for_update().filter(sku__in=list(skus))
    waiting = list(wanted.order_by("pk"))
    back = queries.buyable({row.sku for row in waiting}) if waiting else {}
    told = [row for row in waiting if row.sku in back]
    WaitingShopper.objects.filter(pk__in=[row.pk for row in told]).delete()
    for row in told:
        cause = (causes or {}).get(row.sku)
        publish(_fact(row, back[row.sku]), key=row.pk, cause=cause)
    return len(told)


def _fact(row: WaitingShopper, article: Variant) -> BackInStock:
    page = reverse("products:product", args=[article.product.slug])
    return BackInStock(
        waiting_id=row.pk,
        sku=row.sku,
        title=article.title,
        url=f"{settings.SHOP_URL.rstrip('/')}{page}?sku={row.sku}",
        subject=row.subject,
        email=row.email,
        leave_url=settings.SHOP_URL.rstrip("/") + leave_url(subject=row.subject),
    )
