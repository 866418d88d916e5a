"""Products."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.products.models import Category, Product, ProductSlug, Variant
from apps.products.operations.rows import store, take_turns
from apps.products.operations.telling import renew


@transaction.atomic
def save_product(
    *,
    slug: str,
    title: str,
    description: str,
    category: str,
    tax_class: str = Product.TaxClass.STANDARD,
    active: bool = True,
) -> Product:
    """Create or change the product with that slug, in the category with the slug `category`.

    Raises Category.DoesNotExist, and ValidationError for a slug that is taken by an address or
    was another product's; then nothing has changed.
    """
    take_turns()
    values = {"title": title, "description": description, "tax_class": tax_class}
    product, changed = store_product(slug, category=category, active=active, **values)
    if changed:
        renew(product.variants.all())
    return product


def store_product(slug: str, *, category: str, **values: Any) -> tuple[Product, bool]:
    """The same, but what follows from it for the articles, which the caller sees to; and whether
    anything about the product is new."""
    values["category"] = Category.objects.get(slug=category)
    product, changed = store(Product, {"slug": slug}, values)
    if changed:
        _remember(product)
    return product, changed


@transaction.atomic
def move_product(*, slug: str, to: str) -> Product:
    """Give the product another slug; the old one leads to it for ever, and its articles are told
    with their new address.

    Raises Product.DoesNotExist, and ValidationError for a slug that is or was another's; then
    nothing has changed.
    """
    take_turns()
    product = Product.objects.get(slug=slug)
    if to == slug:
        return product
    _remember(product)
    product.slug = to
    product.full_clean()
    product.save(update_fields=["slug"])
    _remember(product)
    renew(product.variants.all())
    return product


@transaction.atomic
def activate(*, products: Iterable[UUID]) -> int:
    """Put the products on sale; says how many were not."""
    return _switch(products, active=True)


@transaction.atomic
def deactivate(*, products: Iterable[UUID]) -> int:
    """Take the products off sale; says how many were on."""
    return _switch(products, active=False)


def _remember(product: Product) -> None:
    ProductSlug.objects.get_or_create(slug=product.slug, defaults={"product": product})


def _switch(products: Iterable[UUID], *, active: bool) -> int:
    take_turns()
    found = Product.objects.filter(pk__in=list(products), active=not active)
    turned = list(found.values_list("pk", flat=True))
    Product.objects.filter(pk__in=turned).update(active=active)
    renew(Variant.objects.filter(product_id__in=turned))
    return len(turned)
