"""The rows that lists and search read, in step with the products."""

from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Prefetch

from apps.products.models import Availability, Listing, Product, Variant, VariantValue, Word
from apps.products.operations.rows import take_turns
from apps.products.search import choices, normal
from apps.products.search.postgresql import has_trigrams

AT_ONCE = 500  # products
WRITTEN: tuple[str, ...] = ("category", "title", "price_from", "on_sale", "in_stock")
WRITTEN += ("choices", "names", "options", "words")


def enlist(products: Collection[UUID]) -> None:
    """Bring the rows of the products in step with them; whose rows are locked. The caller has
    written the products."""
    gone = Listing.objects.filter(product__in=products, product__listed=False)
    gone.delete()
    held = VariantValue.objects.select_related("option", "value")
    active = Variant.objects.filter(active=True).order_by("id")
    found = Product.objects.filter(pk__in=products, listed=True).prefetch_related(
        Prefetch("variants", active.prefetch_related(Prefetch("values", held)), to_attr="on_offer")
    )
    rows = list(found.order_by("pk"))
    left = in_stock(variant.sku for row in rows for variant in row.on_offer)
    _write([_listing(row, row.on_offer, left) for row in rows])


@transaction.atomic
def relist(products: Sequence[UUID]) -> None:
    """Derive the rows of the products anew, whatever they say."""
    take_turns()
    list(Product.objects.filter(pk__in=products).select_for_update().order_by("pk"))
    enlist(products)


def restock(skus: Iterable[str]) -> None:
    """Say of the products of the articles whether units are left, where that has turned. Their rows
    are locked in order, so that of two that are told at once the later sees both."""
    owners = Variant.objects.filter(sku__in=list(skus)).values("product")
    locked = Product.objects.filter(pk__in=owners).select_for_update(no_key=True).order_by("pk")
    ids = list(locked.values_list("pk", flat=True))
    articles = dict(
        Variant.objects.filter(product__in=ids, active=True).values_list("sku", "product")
    )
    stocked = {articles[sku] for sku in in_stock(articles)}
    rows = Listing.objects.filter(product__in=ids)
    rows.filter(product__in=stocked, in_stock=False).update(in_stock=True)
    rows.filter(in_stock=True).exclude(product__in=stocked).update(in_stock=False)


def in_stock(skus: Iterable[str]) -> set[str]:
    """Those of the articles of which units are left, as far as inventory has told."""
    left = Availability.objects.filter(sku__in=list(skus), available__gt=0)
    return set(left.values_list("sku", flat=True))


def index_words() -> bool:
    """Find words that look alike by an index, where PostgreSQL has pg_trgm by now."""
    if connection.vendor != "postgresql" or not has_trigrams():
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE INDEX IF NOT EXISTS word_trigrams ON products_word USING gin (text gin_trgm_ops)"
        )
    return True


def _listing(product: Product, variants: Sequence[Variant], left: Collection[str]) -> Listing:
    held = [
        [(row.option.name, row.value.name) for row in variant.values.all()] for variant in variants
    ]
    options = [name for values in held for _, name in values] + [one.sku for one in variants]
    return Listing(
        product=product,
        category_id=product.category_id,
        title=product.title,
        price_from=product.price_from or 0,
        on_sale=product.on_sale,
        in_stock=any(variant.sku in left for variant in variants),
        choices=choices.lines([choices.value(*pair) for pair in values] for values in held),
        names=normal(product.title),
        options=normal(" ".join(dict.fromkeys(options))),
        words=normal(product.description),
    )


def _write(rows: Sequence[Listing]) -> None:
    Listing.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["product"],
        update_fields=WRITTEN,
        batch_size=AT_ONCE,
    )
    used = {text for row in rows for text in f"{row.names} {row.options} {row.words}".split()}
    Word.objects.bulk_create([Word(text=text) for text in sorted(used)], ignore_conflicts=True)
