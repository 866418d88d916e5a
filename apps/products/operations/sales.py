"""Price lists: sales that begin and end by themselves.

What an article costs follows from the lists that are RUNNING, never from a clock. A list is set
to what it is when it is saved, and then moved on by the bus, at its start and its end; those
events name the revision that they are about, so that one of an earlier window moves nothing.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.products.events import SaleBegan, SaleEnded
from apps.products.models import PriceList, SalePrice, Variant
from apps.products.operations.rows import store, take_turns
from apps.products.operations.telling import follow
from eventbus import publish, unschedule

State = PriceList.State


@transaction.atomic
def save_price_list(
    *,
    name: str,
    starts_at: datetime,
    ends_at: datetime | None = None,  # None: until it is switched off
    active: bool = True,
    price_list: UUID | None = None,
) -> PriceList:
    """Create or change the price list `price_list`, or else the one with that name. Its articles
    are told at once if they cost something else now, and when it begins and ends.

    Raises ValidationError for a window that ends before it begins, a name that another has, and
    a list that is to run (again) with a price above the regular one, and PriceList.DoesNotExist;
    then nothing has changed.
    """
    take_turns()
    if price_list is not None:
        PriceList.objects.get(pk=price_list)
    identity = {"name": name} if price_list is None else {"pk": price_list}
    window = {"name": name, "starts_at": starts_at, "ends_at": ends_at, "active": active}
    row, changed = store(PriceList, identity, window)
    if changed:
        _set_going(row)
    return row


@transaction.atomic
def set_sale_price(*, price_list: UUID, sku: str, price: Decimal) -> SalePrice:
    """Have the article cost `price` (tax included, at most the regular price) while the list
    runs. Raises PriceList.DoesNotExist, Variant.DoesNotExist, and ValidationError for a price
    that cannot be; then nothing has changed."""
    take_turns()
    identity = {
        "price_list": PriceList.objects.get(pk=price_list),
        "variant": Variant.objects.get(sku=sku),
    }
    row, changed = store(SalePrice, identity, {"price": price})
    if changed:
        follow(Variant.objects.filter(pk=row.variant_id))
    return row


@transaction.atomic
def drop_sale_price(*, price_list: UUID, sku: str) -> bool:
    """Take the article out of the list; False when it was not in it."""
    take_turns()
    dropped, _ = SalePrice.objects.filter(price_list=price_list, variant__sku=sku).delete()
    follow(Variant.objects.filter(sku=sku))
    return dropped == 1


@transaction.atomic
def delete_price_list(*, price_list: UUID) -> bool:
    """End the sale, if it runs, and forget it; False when there is no such list."""
    take_turns()
    listed = list(SalePrice.objects.filter(price_list=price_list).values_list("variant", flat=True))
    if not PriceList.objects.filter(pk=price_list).delete()[0]:
        return False
    _unschedule(price_list)
    follow(Variant.objects.filter(pk__in=listed))
    return True


@transaction.atomic
def begin_sale(*, price_list: UUID, revision: int) -> bool:
    """PLANNED to RUNNING, because it is time; False when the list has been saved again since, or
    has begun or ended."""
    return _move(price_list, revision, State.PLANNED, to=State.RUNNING)


@transaction.atomic
def end_sale(*, price_list: UUID, revision: int) -> bool:
    """To OVER, because it is time; False when the list has been saved again since, or is over."""
    return _move(price_list, revision, State.PLANNED, State.RUNNING, to=State.OVER)


def _move(price_list: UUID, revision: int, *expected: State, to: State) -> bool:
    take_turns()
    due = PriceList.objects.filter(pk=price_list, revision=revision, state__in=expected)
    if due.update(state=to) != 1:
        return False
    follow(Variant.objects.filter(sale_prices__price_list=price_list))
    return True


def _set_going(row: PriceList) -> None:
    """The list, just saved, is put into the state that it has now; what is due is scheduled."""
    now = timezone.now()
    row.state, row.revision = _state_at(row, now), row.revision + 1
    if row.state != State.OVER:
        _check_prices(row)
    row.save(update_fields=["state", "revision"])
    _unschedule(row.pk)
    facts: dict[str, Any] = {"price_list": row.pk, "revision": row.revision}
    if row.state == State.PLANNED:
        publish(SaleBegan(**facts), key=row.pk, at=row.starts_at)
    if row.ends_at and row.state in (State.PLANNED, State.RUNNING):
        publish(SaleEnded(**facts), key=row.pk, at=row.ends_at)
    follow(Variant.objects.filter(sale_prices__price_list=row))


def _state_at(row: PriceList, now: datetime) -> State:
    if row.ends_at and row.ends_at <= now:
        return State.OVER
    if not row.active:
        return State.OFF
    return State.RUNNING if row.starts_at <= now else State.PLANNED


def _check_prices(row: PriceList) -> None:
    """A regular price may have fallen while the list was over."""
    dearer = row.prices.filter(price__gt=F("variant__price")).select_related("variant").first()
    if dearer:
        raise ValidationError(
            f"{dearer.variant.sku} costs {dearer.variant.price} regularly, {dearer.price} here."
        )


def _unschedule(price_list: UUID) -> None:
    for name in ("products.sale_began", "products.sale_ended"):
        unschedule(name, price_list)
