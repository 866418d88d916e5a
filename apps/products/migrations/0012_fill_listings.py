"""The rows of the products that are listed already (post deploy).

Processes of the version before write none: when the last of them has ended,
`manage.py rebuild_listings` brings the rest in step.
"""

from typing import Any

from django.db import migrations

from apps.products.search import choices, normal

AT_ONCE = 500  # products


def fill_in(apps: Any, schema_editor: Any) -> None:
    product, listing, word = (
        apps.get_model("products", name) for name in ("Product", "Listing", "Word")
    )
    ids = list(product.objects.filter(listed=True).order_by("id").values_list("id", flat=True))
    for start in range(0, len(ids), AT_ONCE):
        some = product.objects.filter(id__in=ids[start : start + AT_ONCE])
        stock = _in_stock(apps, ids[start : start + AT_ONCE])
        rows = [
            _row(listing, one, stock)
            for one in some.prefetch_related(
                "variants__values__option", "variants__values__value"
            ).order_by("id")
        ]
        listing.objects.bulk_create(rows)
        used = {text for row in rows for text in f"{row.names} {row.options} {row.words}".split()}
        word.objects.bulk_create(
            [word(text=text) for text in sorted(used)], ignore_conflicts=True
        )


def _in_stock(apps: Any, ids: list[Any]) -> set[str]:
    variant, availability = (
        apps.get_model("products", name) for name in ("Variant", "Availability")
    )
    skus = variant.objects.filter(product__in=ids).values("sku")
    left = availability.objects.filter(sku__in=skus, available__gt=0)
    return set(left.values_list("sku", flat=True))


def _row(listing: Any, product: Any, stock: set[str]) -> Any:
    variants = [one for one in product.variants.all() if one.active]
    held = [[(row.option.name, row.value.name) for row in one.values.all()] for one in variants]
    options = [name for values in held for _, name in values] + [one.sku for one in variants]
    return listing(
        product=product,
        category_id=product.category_id,
        title=product.title,
        price_from=product.price_from,
        on_sale=product.on_sale,
        in_stock=any(one.sku in stock for one in variants),
        choices=choices.lines([choices.value(*pair) for pair in values] for values in held),
        names=normal(product.title),
        options=normal(" ".join(dict.fromkeys(options))),
        words=normal(product.description),
    )


def leave(apps: Any, schema_editor: Any) -> None:
    """Nothing to undo: the tables go."""


class Migration(migrations.Migration):
    dependencies = [("products", "0011_search")]
    operations = [migrations.RunPython(fill_in, leave)]
