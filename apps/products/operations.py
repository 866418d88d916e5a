"""Every change to the catalogue. What changes an article raises its version and is told to the
world in the same commit."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.urls import reverse

from apps.products import queries
from apps.products.events import ProductChanged
from apps.products.models import LEVELS, Availability, Category, Product, Variant
from eventbus import publish


class TooDeep(ValueError):
    """A category may have a parent and a grandparent, and cannot be below itself."""


@transaction.atomic
def save_category(
    *, slug: str, title: str, parent: str | None = None, position: int = 0, active: bool = True
) -> Category:
    """Create or change the category with that slug, below the one with the slug `parent`.

    Hiding, showing or moving it does so to every article below. Raises TooDeep and
    Category.DoesNotExist (no such parent); then nothing has changed.
    """
    _take_turns()
    above = Category.objects.get(slug=parent) if parent else None
    values = {"title": title, "parent": above, "position": position, "active": active}
    seen = set(queries.category_tree())
    category, changed = _store(Category, {"slug": slug}, values)
    _check_depth()
    if changed and (turned := seen ^ set(queries.category_tree())):
        _renew(Variant.objects.filter(product__category__slug__in=_with_below(turned)))
    return category


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

    Raises Category.DoesNotExist, and ValidationError for a slug that is taken by an address;
    then nothing has changed.
    """
    _take_turns()
    values = {
        "title": title,
        "description": description,
        "category": Category.objects.get(slug=category),
        "tax_class": tax_class,
        "active": active,
    }
    product, changed = _store(Product, {"slug": slug}, values)
    if changed:
        _renew(Variant.objects.filter(product=product))
    return product


@transaction.atomic
def save_variant(
    *,
    sku: str,
    product: str,
    price: Decimal,  # tax included, in SHOP_CURRENCY
    picture: str,  # a recipe, as "mug-blue"
    option: str = "",
    active: bool = True,
) -> Variant:
    """Create or change the article with that SKU, of the product with the slug `product`.

    Raises Product.DoesNotExist, and ValidationError for a price or picture that cannot be;
    then nothing has changed.
    """
    _take_turns()
    values = {
        "product": Product.objects.get(slug=product),
        "option": option,
        "price": price,
        "picture": picture,
        "active": active,
    }
    variant, changed = _store(Variant, {"sku": sku}, values)
    if changed:
        _renew(Variant.objects.filter(pk=variant.pk))
        variant.refresh_from_db()
    return variant


@transaction.atomic
def change_price(*, sku: str, price: Decimal) -> bool:
    """Sell the article at `price` (tax included) from now on; False when it did already or there
    is no such article. Raises ValidationError for a price that cannot be."""
    Variant._meta.get_field("price").clean(price, None)
    changed = Variant.objects.filter(sku=sku).exclude(price=price).update(price=price)
    if changed:
        _renew(Variant.objects.filter(sku=sku))
    return changed == 1


@transaction.atomic
def activate(*, products: Iterable[UUID]) -> int:
    """Put the products on sale; says how many were not."""
    return _switch(products, active=True)


@transaction.atomic
def deactivate(*, products: Iterable[UUID]) -> int:
    """Take the products off sale; says how many were on."""
    return _switch(products, active=False)


@transaction.atomic
def announce(*, skus: Iterable[str] | None = None) -> int:
    """Tell the current state of the articles (None: of all) again, with the versions they have,
    for readers that are new; says how many."""
    variants = Variant.objects.select_for_update(of=("self",))
    return _announce(variants if skus is None else variants.filter(sku__in=list(skus)))


@transaction.atomic
def record_availability(*, sku: str, available: int, version: int) -> None:
    """Keep what inventory says of the article, unless something newer is known."""
    values = {"available": available, "version": version}
    if not Availability.objects.filter(sku=sku, version__lt=version).update(**values):
        Availability.objects.bulk_create([Availability(sku=sku, **values)], ignore_conflicts=True)


def _take_turns() -> None:
    """Staff's changes are rare and wait for each other, so that an article put into a category
    while that one is being hidden cannot be told as for sale."""
    list(Category.objects.select_for_update().order_by("pk").values_list("pk"))


def _store[Row: Model](
    model: type[Row], identity: dict[str, str], values: dict[str, Any]
) -> tuple[Row, bool]:
    """The row with these values, and whether anything about it is new."""
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


def _check_depth() -> None:
    parents = dict(Category.objects.values_list("pk", "parent_id"))
    for start in parents:
        at, steps = parents[start], 1
        while at is not None:
            at, steps = parents[at], steps + 1
            if steps > LEVELS:
                raise TooDeep


def _with_below(slugs: set[str]) -> set[str]:
    """The slugs and those of everything below them, hidden or not."""
    below = Category.objects.filter(parent__slug__in=slugs).values_list("slug", flat=True)
    return slugs | _with_below(set(below)) if below else slugs


def _switch(products: Iterable[UUID], *, active: bool) -> int:
    _take_turns()
    turned = list(
        Product.objects.filter(pk__in=list(products), active=not active).values_list(
            "pk", flat=True
        )
    )
    Product.objects.filter(pk__in=turned).update(active=active)
    _renew(Variant.objects.filter(product_id__in=turned))
    return len(turned)


def _renew(variants: QuerySet[Variant]) -> None:
    variants.update(version=F("version") + 1)
    _announce(variants)


def _announce(variants: QuerySet[Variant]) -> int:
    visible = {branch.id for branch in queries.category_tree().values()}
    facts = [
        _fact(variant, shown=variant.product.category_id in visible)
        for variant in variants.select_related("product").order_by("sku")
    ]
    for fact in facts:
        publish(fact, key=fact.sku)
    return len(facts)


def _fact(variant: Variant, *, shown: bool) -> ProductChanged:
    product = variant.product
    return ProductChanged(
        product_id=product.pk,
        sku=variant.sku,
        title=variant.title,
        price=variant.price,
        currency=settings.SHOP_CURRENCY,
        version=variant.version,
        picture=reverse("products:picture", args=[variant.picture]),
        url=f"{reverse('products:product', args=[product.slug])}?sku={variant.sku}",
        active=shown and product.active and variant.active,
    )
