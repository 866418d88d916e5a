"""What there is to choose and to look at of one product."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.products.models import OptionValue, Picture, Product, Variant

type Held = dict[UUID, OptionValue]  # what a variant is, by axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One value of an axis, as the page of a variant offers it."""

    name: str
    sku: str  # of the variant that it leads to
    chosen: bool  # the variant shown has it
    other: str  # what that variant is, if it differs from the one shown in more than this value
    available: int | None  # units of the variant that it leads to


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    name: str
    choices: tuple[Choice, ...]  # in the order that staff gave them; of active variants only


def first_to_show(variants: Sequence[Variant], sku: str = "") -> Variant:
    """The one with that SKU; else the first that can be bought; else the first."""
    named = [variant for variant in variants if variant.sku == sku]
    buyable = [variant for variant in variants if units_of(variant) != 0]
    return (named or buyable or variants)[0]


def gallery(product: Product, variant: Variant | None = None) -> list[Picture]:
    """What the variant shows: its own pictures, then the product's; without one, all there are,
    the product's first. A drawing that several have is shown once."""
    every = list(product.pictures.all())
    common = [picture for picture in every if picture.variant_id is None]
    own = [
        picture
        for picture in every
        if picture.variant_id and (variant is None or picture.variant_id == variant.pk)
    ]
    once: dict[str, Picture] = {}
    for picture in own + common if variant else common + own:
        once.setdefault(picture.recipe, picture)
    return list(once.values())


def axes(variants: Sequence[Variant], shown: Variant) -> list[Axis]:
    """What there is to choose, from where `shown` is; each choice leads to the variant that has
    it and else is as near to `shown` as can be."""
    held = [
        (variant, {row.option_id: row.value for row in variant.values.all()})
        for variant in variants
    ]
    here = {row.option_id: row.value for row in shown.values.all()}
    found = []
    for row in shown.values.all():
        every = {values[row.option_id] for _, values in held if row.option_id in values}
        choices = [
            _choice(value, held, here) for value in sorted(every, key=lambda value: value.place)
        ]
        found.append(Axis(name=row.option.name, choices=tuple(choices)))
    return found


def _choice(value: OptionValue, held: Sequence[tuple[Variant, Held]], here: Held) -> Choice:
    wanted = here | {value.option_id: value}
    having = [(variant, values) for variant, values in held if value in values.values()]
    variant, values = max(having, key=lambda pair: _likeness(pair[1], wanted, pair[0]))
    return Choice(
        name=value.name,
        sku=variant.sku,
        chosen=value in here.values(),
        other="" if values == wanted else variant.option,
        available=units_of(variant),
    )


def _likeness(values: Held, wanted: Held, variant: Variant) -> tuple[int, bool]:
    """How many values are as wanted; of those with equally many, one that can be bought."""
    return len(values.items() & wanted.items()), units_of(variant) != 0


def units_of(variant: Variant) -> int | None:
    """Of one that was read here; None while inventory has not spoken."""
    units: int | None = variant.available  # type: ignore[attr-defined]
    return units
