"""One product with all that hangs on it, in one query: the database gathers its rows as JSON."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import CharField, F, Func, JSONField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Cast, JSONObject

from apps.products.models import Option, OptionValue, Picture, Product, Variant, VariantValue
from apps.products.queries.listing import active_variants, products
from apps.products.queries.reviews import purchases_of

CENT = Decimal("0.01")


def in_detail(slug: str, customer_id: UUID | None = None) -> Product | None:
    """The product for sale with its category's path, the list `on_offer` of its active variants
    with their values, its pictures, and whether the customer has `bought` it; one query."""
    found = products().annotate(
        bought=purchases_of(customer_id), variants_gathered=_variants(), drawn=_pictures()
    )
    product = found.select_related("category__parent__parent").filter(slug=slug).first()
    return _attached(product) if product else None


class Gathered(Func):
    """A JSON array of the rows; null of none. No aggregate to Django: that would group."""

    output_field = JSONField()

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        return super().as_sql(compiler, connection, function="JSONB_AGG", **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        # What a subquery says to be JSON arrives here as text.
        return super().as_sql(
            compiler,
            connection,
            function="JSON_GROUP_ARRAY",
            template="%(function)s(JSON(%(expressions)s))",
            **extra,
        )


def _rows(found: QuerySet[Any], **columns: Any) -> Subquery:
    gathered = Gathered(JSONObject(**columns))
    return Subquery(found.order_by().annotate(rows=gathered).values("rows"))


def _pictures() -> Subquery:
    names = ("id", "variant_id", "recipe", "alt", "width", "height", "position")
    mine = Picture.objects.filter(product=OuterRef("pk"))
    return _rows(mine, **{name: F(name) for name in names})


def _variants() -> Subquery:
    names = ("id", "sku", "combination", "option", "picture", "picture_alt", "available")
    prices = {name: Cast(name, CharField()) for name in ("price", "sale_price")}
    mine = active_variants().filter(product=OuterRef("pk"))
    return _rows(mine, **{name: F(name) for name in names}, **prices, held=_values())


def _values() -> Subquery:
    mine = VariantValue.objects.filter(variant=OuterRef("pk"))
    return _rows(
        mine,
        option=F("option_id"),
        option_name=F("option__name"),
        option_position=F("option__position"),
        value=F("value_id"),
        value_name=F("value__name"),
        value_position=F("value__position"),
    )


def _attached(product: Product) -> Product:
    """With the rows that were gathered in place of queries for them."""
    variants = [_variant(product, row) for row in _gathered(product, "variants_gathered")]
    product.on_offer = sorted(variants, key=lambda one: one.pk)  # type: ignore[attr-defined]
    drawn = [_picture(product, row) for row in _gathered(product, "drawn")]
    drawn.sort(key=lambda one: (one.position, one.pk))
    product._prefetched_objects_cache = {"pictures": drawn}  # type: ignore[attr-defined]
    return product


def _gathered(product: Product, name: str) -> list[dict[str, Any]]:
    return getattr(product, name) or []


def _picture(product: Product, row: dict[str, Any]) -> Picture:
    variant = row.pop("variant_id")
    ids = {"id": UUID(row.pop("id")), "variant_id": variant and UUID(variant)}
    return Picture(product=product, **ids, **row)


def _variant(product: Product, row: dict[str, Any]) -> Variant:
    held, available = row.pop("held") or [], row.pop("available")
    prices = {name: _money(row.pop(name)) for name in ("price", "sale_price")}
    variant = Variant(id=UUID(row.pop("id")), product=product, **prices, **row)
    variant.available = available  # type: ignore[attr-defined]
    values = [_value(variant, one) for one in held]
    values.sort(key=lambda one: (one.option.position, one.option_id))
    variant._prefetched_objects_cache = {"values": values}  # type: ignore[attr-defined]
    return variant


def _value(variant: Variant, row: dict[str, Any]) -> VariantValue:
    option = Option(
        id=UUID(row["option"]), name=row["option_name"], position=row["option_position"]
    )
    value = OptionValue(
        id=UUID(row["value"]), option=option, name=row["value_name"], position=row["value_position"]
    )
    return VariantValue(variant=variant, option=option, value=value)


def _money(text: str | None) -> Decimal | None:
    """SQLite forgets the last zeros."""
    return None if text is None else Decimal(text).quantize(CENT)
