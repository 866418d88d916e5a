"""What follows from a change: the derived columns, the versions, and what the world is told.

The caller has taken its turn (`rows.take_turns`) and written the change.
"""

from collections.abc import Collection, Iterable, Set
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse

from apps.products import pictures, queries
from apps.products.events import ProductChanged
from apps.products.models import Picture, PriceList, Product, SalePrice, Variant
from apps.products.operations.listing import enlist
from apps.products.operations.rows import take_turns
from apps.products.operations.waiting import tell_waiting
from eventbus import publish

DERIVED = ("sale_price", "picture", "picture_alt")  # of a variant
LISTED = ("listed", "price_from", "price_to", "on_sale", "cover", "cover_alt")  # of a product
AT_ONCE = 200  # rows in one UPDATE


@transaction.atomic
def announce(*, skus: Iterable[str] | None = None) -> int:
    """Tell the current state of the articles (None: of all) again, with the versions they have,
    for readers that are new; says how many."""
    take_turns()
    variants = Variant.objects.all() if skus is None else Variant.objects.filter(sku__in=list(skus))
    return _tell(list(variants.select_related("product").order_by("sku")), visible_categories())


def renew(variants: QuerySet[Variant]) -> int:
    """Something that is told of the articles has changed: derive the rest, raise their versions
    and tell them; says how many."""
    return _renew(variants, unchanged_too=True)


def follow(variants: QuerySet[Variant]) -> int:
    """Something that the articles may follow from has changed (a price list, pictures): the same
    for those, and only those, of which something else is to be told now."""
    return _renew(variants, unchanged_too=False)


def _renew(variants: QuerySet[Variant], *, unchanged_too: bool) -> int:
    rows = list(variants.select_related("product").order_by("sku").distinct())
    differing = derive(rows)
    changed = rows if unchanged_too else differing
    if not changed:
        return 0
    for row in changed:
        row.version += 1
    Variant.objects.bulk_update(changed, [*DERIVED, "version"], batch_size=AT_ONCE)
    visible = visible_categories()
    list_anew({row.product_id for row in changed}, visible)
    tell_waiting([row.sku for row in changed])  # some may be for sale again
    return _tell(changed, visible)


def derive(rows: list[Variant]) -> list[Variant]:
    """Set what is derived of the articles; gives those in which it was otherwise."""
    lowest = _sale_prices(rows)
    shown = _first_pictures(rows)
    differing = []
    for row in rows:
        before = [getattr(row, name) for name in DERIVED]
        asked = lowest.get(row.pk)
        row.sale_price = asked if asked is not None and asked < row.price else None
        row.picture, row.picture_alt = shown[row.pk]
        if before != [getattr(row, name) for name in DERIVED]:
            differing.append(row)
    return differing


def _sale_prices(rows: list[Variant]) -> dict[UUID, Decimal]:
    """The lowest price of a running list, of the articles that are in one."""
    running = SalePrice.objects.filter(
        variant__in=[row.pk for row in rows], price_list__state=PriceList.State.RUNNING
    )
    # The last one counts. Not Min(): SQLite forgets the decimals of what it computes.
    return dict(running.order_by("-price").values_list("variant", "price"))


def _first_pictures(rows: list[Variant]) -> dict[UUID, tuple[str, str]]:
    """Recipe and alternative text of each article's first picture."""
    first: dict[UUID, tuple[str, str]] = {}  # by article, and by product for those without
    products = {row.product_id for row in rows}
    for picture in Picture.objects.filter(product__in=products).order_by("position", "id"):
        owner = picture.variant_id or picture.product_id
        first.setdefault(owner, (picture.recipe, picture.alt))
    none = (pictures.NONE_YET, pictures.NONE_YET_ALT)
    return {row.pk: first.get(row.pk) or first.get(row.product_id, none) for row in rows}


def list_anew(products: Collection[UUID], visible: Set[UUID]) -> None:
    """Bring what the list shows of the products in step with their articles; `visible` are the
    categories that shoppers see."""
    found = Product.objects.filter(pk__in=products).prefetch_related("variants")
    # Locked in order, as those who count reviews do.
    rows = list(found.select_for_update().order_by("pk"))
    for row in rows:
        active = [variant for variant in row.variants.all() if variant.active]
        row.listed = row.active and row.category_id in visible and bool(active)
        costs = [variant.costs for variant in active]
        row.price_from, row.price_to = min(costs, default=None), max(costs, default=None)
        row.on_sale = any(variant.sale_price is not None for variant in active)
        row.cover = active[0].picture if active else ""
        row.cover_alt = active[0].picture_alt if active else ""
    Product.objects.bulk_update(rows, LISTED, batch_size=AT_ONCE)
    enlist(products)


def visible_categories() -> set[UUID]:
    return {branch.id for branch in queries.category_tree().values()}


def _tell(rows: list[Variant], visible: Set[UUID]) -> int:
    for row in rows:
        publish(_fact(row, shown=row.product.category_id in visible), key=row.sku)
    return len(rows)


def _fact(variant: Variant, *, shown: bool) -> ProductChanged:
    product = variant.product
    return ProductChanged(
        product_id=product.pk,
        sku=variant.sku,
        title=variant.title,
        price=variant.costs,
        currency=settings.SHOP_CURRENCY,
        version=variant.version,
        picture=reverse("products:picture", args=[variant.picture]),
        url=f"{reverse('products:product', args=[product.slug])}?sku={variant.sku}",
        active=shown and product.active and variant.active,
        tax_class=product.tax_class,
        regular_price=variant.regular_price,
        picture_alt=variant.picture_alt,
    )
