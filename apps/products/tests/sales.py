"""A sale of the mug, and what is known and told of it."""

from datetime import timedelta
from decimal import Decimal

from apps.products import operations
from apps.products.models import Variant
from eventbus.models import Scheduled
from eventbus.testing import published

HOUR = timedelta(hours=1)


def told():
    return [(fact["price"], fact["regular_price"]) for fact in published("products.changed")]


def costs():
    return Variant.objects.get(sku="MUG").costs


def scheduled():
    return sorted(Scheduled.objects.values_list("name", "due_at"))


def plan(now, begin, end, price, name="Autumn"):
    """A list that asks `price` for the mug, from and to so many hours from now."""
    ends_at = None if end is None else now + end * HOUR
    row = operations.save_price_list(name=name, starts_at=now + begin * HOUR, ends_at=ends_at)
    operations.set_sale_price(price_list=row.pk, sku="MUG", price=Decimal(price))
    return row
