"""What every change to the catalogue begins with. All inside a transaction of the caller."""

from typing import Any

from django.db.models import Model

from apps.products.models import Category


def take_turns() -> None:
    """Changes to the catalogue are rare and wait for each other, so that an article put into a
    category while that one is being hidden cannot be told as for sale, and of two that derive
    something of an article the later sees all."""
    list(Category.objects.select_for_update().order_by("pk").values_list("pk"))


def store[Row: Model](
    model: type[Row], identity: dict[str, Any], values: dict[str, Any]
) -> tuple[Row, bool]:
    """The row with these values, and whether anything about it is new. Raises ValidationError;
    then it is not written."""
    rows = model._default_manager.filter(**identity)
    row = rows.first() or model(**identity)
    before = None if row._state.adding else {name: getattr(row, name) for name in values}
    for name, value in values.items():
        setattr(row, name, value)
    if before == values:
        return row, False
    row.full_clean()
    row.save()
    return row, True
