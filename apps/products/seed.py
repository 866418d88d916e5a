"""A catalogue as large as one likes, to measure with: rows written in bulk, past the operations.

Nothing of it is told to other contexts, so nothing of it can be bought until
`manage.py eventbus republish products.changed` tells all articles there are.
"""

import random
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import batched
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from apps.products import pictures
from apps.products.models import (
    Availability,
    Category,
    CategorySlug,
    Listing,
    Option,
    OptionValue,
    Picture,
    Product,
    ProductSlug,
    Variant,
    VariantValue,
    Word,
)
from apps.products.operations import take_turns
from apps.products.search import choices, normal

AT_ONCE = 2000  # products in a transaction
ROOTS, BRANCHES, LEAVES = 4, 5, 10  # of the tree, each below each; early ones hold the most
COLOURS = [name for name in pictures.COLOURS if name not in ("grey", "cream")]
SHAPES = sorted(pictures.SHAPES)
FIRST = "Weathered Quiet Everyday Northern Tidal Folded Hollow Gentle Sturdy Bright Woven Little"
SECOND = (
    "oak pine ash linen wool stone steel copper glass cotton leather cork paper clay felt brass"
)
THIRD = "bench lamp mug basket blanket shelf clock notebook kettle stool cushion lantern tray vase"
SAID = [
    "comfortable",
    "useful",
    "made",
    "by",
    "hand",
    "from",
    "local",
    "wood",
    "with",
    "care",
    "that",
    "lasts",
    "for",
    "years",
    "and",
    "ages",
    "well",
    "washed",
    "packed",
    "without",
    "plastic",
    "mended",
    "here",
    "easy",
    "light",
    "heavy",
    "warm",
    "soft",
    "sealed",
    "oiled",
    "waxed",
    "turned",
    "woven",
    "finished",
    "edges",
    "corners",
    "handles",
    "feet",
    "lid",
    "screws",
    "felt",
    "pads",
    "against",
    "scratches",
    "every",
    "morning",
]
SYLLABLES = [
    "ka",
    "lo",
    "ri",
    "ven",
    "tor",
    "mi",
    "sel",
    "da",
    "nor",
    "hul",
    "fe",
    "bra",
    "si",
    "gun",
    "ol",
]
MADE = [f"{a}{b}{c}".capitalize() for a in SYLLABLES for b in SYLLABLES for c in SYLLABLES]


def seed(count: int, *, draw: random.Random) -> Iterator[int]:
    """Add so many products; tells after each transaction how many there are by then."""
    leaves = _grow()
    begun, done = Product.objects.filter(slug__startswith="seed-").count(), 0
    weights = [1 / (place + 1) for place in range(len(leaves))]
    for numbers in batched(range(begun, begun + count), AT_ONCE, strict=False):
        with transaction.atomic():
            take_turns()
            shelves = draw.choices(leaves, weights, k=len(numbers))
            _write([_product(*one, draw) for one in zip(numbers, shelves, strict=True)])
        done += len(numbers)
        yield done


@transaction.atomic
def _grow() -> list[Category]:
    """The leaves of the tree, which is made when there is none."""
    take_turns()
    return [
        _branch(
            f"seed-{a}-{b}-{c}",
            f"{THIRD.split()[c]}s, {FIRST.split()[b].lower()}",
            _branch(f"seed-{a}-{b}", FIRST.split()[b], _branch(f"seed-{a}", f"Hall {a + 1}", None)),
        )
        for a in range(ROOTS)
        for b in range(BRANCHES)
        for c in range(LEAVES)
    ]


def _branch(slug: str, title: str, parent: Category | None) -> Category:
    values = {"title": title.capitalize(), "parent": parent}
    category, created = Category.objects.get_or_create(slug=slug, defaults=values)
    if created:
        CategorySlug.objects.create(slug=slug, category=category)
    return category


def _product(number: int, category: Category, draw: random.Random) -> list[Model]:
    """A product in one or two colours, with every row that it has."""
    title = " ".join(draw.choice(words.split()) for words in (FIRST, SECOND, THIRD))
    title = f"{title} {draw.choice(MADE)}"
    price = Decimal(draw.randint(100, 40_000)) / 100
    sale = (price * Decimal("0.8")).quantize(Decimal("0.01")) if draw.random() < 0.1 else None
    colours = draw.sample(COLOURS, 1 + number % 2)
    recipe = f"{draw.choice(SHAPES)}-{colours[0]}"
    product = Product(
        slug=f"seed-{number}",
        title=title,
        description=" ".join(draw.choices(SAID, k=24)).capitalize() + ".",
        category=category,
        listed=True,
        price_from=price if sale is None else sale,
        price_to=price if sale is None else sale,
        on_sale=sale is not None,
        cover=recipe,
        cover_alt=title,
    )
    option = Option(product=product, name="Colour")
    rows: list[Model] = [product, ProductSlug(slug=product.slug, product=product), option]
    size = {"width": pictures.SIZE, "height": pictures.SIZE}
    rows.append(Picture(product=product, recipe=recipe, alt=title, **size))
    units = [draw.choice([0, 0, 2, 20, 50]) for _ in colours]
    for place, (colour, left) in enumerate(zip(colours, units, strict=True)):
        rows += _article(product, option, place, colour, price, sale, left)
    return [*rows, _listing(product, [row for row in rows if isinstance(row, Variant)], units)]


def _article(
    product: Product,
    option: Option,
    place: int,
    colour: str,
    price: Decimal,
    sale: Decimal | None,
    units: int,
) -> list[Model]:
    value = OptionValue(option=option, name=colour.capitalize(), position=place)
    variant = Variant(
        product=product,
        sku=f"{product.slug}-{place}".upper(),
        price=price,
        sale_price=sale,
        version=1,
        combination=value.pk.hex,
        option=value.name,
        picture=product.cover,
        picture_alt=product.cover_alt,
    )
    held = VariantValue(variant=variant, option=option, value=value)
    return [value, variant, held, Availability(sku=variant.sku, available=units, version=0)]


def _listing(product: Product, variants: Sequence[Variant], units: Sequence[int]) -> Listing:
    names = [variant.option for variant in variants]
    return Listing(
        product=product,
        category=product.category,
        title=product.title,
        price_from=product.price_from or 0,
        on_sale=product.on_sale,
        in_stock=any(units),
        choices=choices.lines([choices.value("Colour", name)] for name in names),
        names=normal(product.title),
        options=normal(" ".join([*names, *(variant.sku for variant in variants)])),
        words=normal(product.description),
    )


def _write(products: Sequence[Sequence[Model]]) -> None:
    rows: dict[type[Model], list[Any]] = {}
    for some in products:
        for row in some:
            rows.setdefault(type(row), []).append(row)
    for model, every in rows.items():
        (_copy if connection.vendor == "postgresql" else model._default_manager.bulk_create)(every)
    # Not the SKUs' numbers: nobody misspells those.
    used = {text for row in rows[Listing] for text in f"{row.names} {row.words}".split()}
    used |= {normal(row.name) for row in rows[OptionValue]}
    Word.objects.bulk_create([Word(text=text) for text in sorted(used)], ignore_conflicts=True)


def _copy(rows: Sequence[Model]) -> None:
    """By COPY, which takes a third of the time of INSERT."""
    meta = rows[0]._meta
    fields = list(meta.local_concrete_fields)
    if rows[0].pk is None:  # the database counts
        fields = [field for field in fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    table = connection.ops.quote_name(meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([getattr(row, field.attname) for field in fields])
