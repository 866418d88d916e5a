"""Whole products at once: what a catalogue in a file is taken in by."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from apps.products import pictures
from apps.products.models import Option, OptionValue, Picture, Product, Variant, VariantValue
from apps.products.operations.options import combination, worded
from apps.products.operations.products import store_product
from apps.products.operations.rows import take_turns
from apps.products.operations.telling import renew

REFERENCES = {"product", "variant", "option", "picture"}  # set here, or derived later


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """A variant to be: a value of each axis, and what it looks like, the first picture first."""

    sku: str
    price: Decimal  # the regular one: tax included, in SHOP_CURRENCY
    options: Mapping[str, str]
    pictures: Mapping[str, str]  # alternative text by recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProduct:
    """A product to be, with all its articles."""

    slug: str
    title: str
    description: str
    category: str  # its slug
    tax_class: str
    axes: Mapping[str, Sequence[str]]  # the values of each option, both in their order
    articles: Sequence[Article]


@transaction.atomic
def import_products(*, products: Iterable[NewProduct]) -> list[Product]:
    """Create the products, with all their articles, that there are none with the same slug of yet:
    those stay as they are. Each article is told once.

    Raises Category.DoesNotExist, KeyError for a value that is on no axis, ValidationError for
    what cannot be and IntegrityError for a SKU or a combination that there is; then nothing has
    changed.
    """
    take_turns()
    known = set(Product.objects.values_list("slug", flat=True))
    created = [_create(product) for product in products if product.slug not in known]
    renew(Variant.objects.filter(product__in=created))
    return created


def _create(new: NewProduct) -> Product:
    product, _ = store_product(
        new.slug,
        title=new.title,
        description=new.description,
        category=new.category,
        tax_class=new.tax_class,
    )
    _articles(product, new.articles, _axes(product, new.axes))
    return product


def _axes(
    product: Product, axes: Mapping[str, Sequence[str]]
) -> dict[tuple[str, str], OptionValue]:
    options = [
        Option(product=product, name=name, position=position) for position, name in enumerate(axes)
    ]
    values = [
        OptionValue(option=option, name=name, position=position)
        for option in options
        for position, name in enumerate(axes[option.name])
    ]
    for row in (*options, *values):
        row.clean_fields(exclude=REFERENCES)
    Option.objects.bulk_create(options)
    OptionValue.objects.bulk_create(values)
    return {(value.option.name, value.name): value for value in values}


def _articles(
    product: Product,
    articles: Sequence[Article],
    values: Mapping[tuple[str, str], OptionValue],
) -> None:
    variants, given, shown = [], [], []
    for article in articles:
        chosen = [values[pair] for pair in article.options.items()]
        variant = Variant(
            product=product,
            sku=article.sku,
            price=article.price,
            combination=combination(chosen),
            option=worded(chosen),
        )
        variants.append(variant)
        given += [
            VariantValue(variant=variant, option=value.option, value=value) for value in chosen
        ]
        shown += _pictures(variant, article.pictures)
    for row in (*variants, *shown):
        row.clean_fields(exclude=REFERENCES)
    Variant.objects.bulk_create(variants)
    VariantValue.objects.bulk_create(given)
    Picture.objects.bulk_create(shown)


def _pictures(variant: Variant, alts: Mapping[str, str]) -> list[Picture]:
    return [
        Picture(
            product=variant.product,
            variant=variant,
            recipe=recipe,
            alt=alt,
            position=position,
            width=pictures.SIZE,
            height=pictures.SIZE,
        )
        for position, (recipe, alt) in enumerate(alts.items())
    ]
