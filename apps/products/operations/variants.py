"""Articles: the variants of a product, and what they regularly cost."""

from collections.abc import Mapping
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.products.models import PriceList, Product, SalePrice, Variant
from apps.products.operations.options import chosen_values, combination, give, worded
from apps.products.operations.pictures import put_first
from apps.products.operations.rows import store, take_turns
from apps.products.operations.telling import renew


@transaction.atomic
def save_variant(
    *,
    sku: str,
    product: str,
    price: Decimal,  # the regular one: tax included, in SHOP_CURRENCY
    options: Mapping[str, str] | None = None,  # a value of each of the product's axes
    picture: str | None = None,  # recipe of its first picture, as "mug-blue"; None: as it is
    picture_alt: str = "",  # what that picture shows; by default the article's title
    active: bool = True,
) -> Variant:
    """Create or change the article with that SKU, of the product with the slug `product`.

    Raises Product.DoesNotExist, and ValidationError for a price, picture or options that cannot
    be, options that another variant has, a price below one of its sales, and a SKU of another
    product; then nothing has changed.
    """
    take_turns()
    owner = Product.objects.get(slug=product)
    known = Variant.objects.filter(sku=sku).first()
    if known and known.product_id != owner.pk:
        raise ValidationError({"sku": f"{sku} is an article of another product."})
    chosen = chosen_values(owner, options or {})
    if known and known.price != price:
        _compare_sales(sku, price)
    values = {
        "product": owner,
        "price": price,
        "active": active,
        "combination": combination(chosen),
        "option": worded(chosen),
    }
    variant, changed = store(Variant, {"sku": sku}, values)
    if known is None or known.combination != variant.combination:
        give(variant, chosen)
    if picture is not None:
        changed |= put_first(variant, recipe=picture, alt=picture_alt or variant.title)
    if changed:
        renew(Variant.objects.filter(pk=variant.pk))
        variant.refresh_from_db()
    return variant


@transaction.atomic
def change_price(*, sku: str, price: Decimal) -> bool:
    """Sell the article regularly at `price` (tax included) from now on; False when it did already
    or there is no such article. Raises ValidationError for a price that cannot be or is below
    one of its sales; then nothing has changed."""
    take_turns()
    Variant._meta.get_field("price").clean(price, None)
    _compare_sales(sku, price)
    changed = Variant.objects.filter(sku=sku).exclude(price=price).update(price=price)
    if changed:
        renew(Variant.objects.filter(sku=sku))
    return changed == 1


def _compare_sales(sku: str, price: Decimal) -> None:
    """Refuse a regular price below a sale; one that a sale is not below ends it."""
    higher = SalePrice.objects.filter(variant__sku=sku, price__gt=price)
    dearer = higher.exclude(price_list__state=PriceList.State.OVER).select_related("price_list")
    if found := dearer.first():
        raise ValidationError(
            {"price": f"In {found.price_list} it costs {found.price}: lower that first."}
        )
    # A sale that is not lower than the price to come is none; derived anew when that is told.
    Variant.objects.filter(sku=sku, sale_price__gte=price).update(sale_price=None)
