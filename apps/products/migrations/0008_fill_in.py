"""What the new tables and columns say of the articles that are there already (post deploy).

Their versions rise, so that `eventbus republish products.changed` tells what is new of them.
"""

from typing import Any

from django.db import migrations

SIZE = 400  # of every drawing
CLOSE = "-close"


def fill_in(apps: Any, schema_editor: Any) -> None:
    names = "Category", "CategorySlug", "Product", "ProductSlug", "Variant"
    category, category_slug, product, product_slug, variant = (
        apps.get_model("products", name) for name in names
    )
    for row in category.objects.all():
        category_slug.objects.create(slug=row.slug, category=row)
    seen = _visible(category)
    for row in product.objects.order_by("id"):
        product_slug.objects.create(slug=row.slug, product=row)
        variants = list(variant.objects.filter(product=row).order_by("id"))
        _draw(apps, row, variants)
        _let_choose(apps, row, variants)
        _list(row, [one for one in variants if one.active], shown=row.category_id in seen)
        for one in variants:
            one.version += 1
            one.save()
        row.save()


def _visible(category: Any) -> set[Any]:
    """Active, and below active ones only."""
    seen: set[Any] = set()
    level = category.objects.filter(active=True, parent=None)
    while ids := set(level.values_list("pk", flat=True)):
        seen |= ids
        level = category.objects.filter(active=True, parent__in=ids)
    return seen


def _draw(apps: Any, product: Any, variants: list[Any]) -> None:
    """Two pictures each, as its page has shown them so far."""
    picture = apps.get_model("products", "Picture")
    for one in variants:
        title = f"{product.title}, {one.option}" if one.option else product.title
        one.picture_alt = title
        for position, (recipe, alt) in enumerate(
            [(one.picture, title), (one.picture + CLOSE, f"Close view: {title}")]
        ):
            picture.objects.create(
                product=product,
                variant=one,
                recipe=recipe,
                alt=alt,
                position=position,
                width=SIZE,
                height=SIZE,
            )


def _let_choose(apps: Any, product: Any, variants: list[Any]) -> None:
    """One axis with the words that told the variants apart; two alike get their SKU as well."""
    if not any(one.option for one in variants) and len(variants) < 2:
        return
    option = apps.get_model("products", "Option").objects.create(product=product, name="Version")
    names: set[str] = set()
    for position, one in enumerate(variants):
        name = one.option.replace("/", "-")[:40] or one.sku
        one.option = name if name not in names else one.sku
        names.add(one.option)
        value = apps.get_model("products", "OptionValue").objects.create(
            option=option, name=one.option, position=position
        )
        apps.get_model("products", "VariantValue").objects.create(
            variant=one, option=option, value=value
        )
        one.combination = value.pk.hex


def _list(product: Any, active: list[Any], *, shown: bool) -> None:
    product.listed = shown and product.active and bool(active)
    if active:
        prices = [one.price for one in active]
        product.price_from, product.price_to = min(prices), max(prices)
        product.cover, product.cover_alt = active[0].picture, active[0].picture_alt


def leave(apps: Any, schema_editor: Any) -> None:
    """Nothing to undo: the tables go."""


class Migration(migrations.Migration):
    dependencies = [("products", "0007_reviews")]
    operations = [migrations.RunPython(fill_in, leave)]
