"""The axes that a product's variants differ in. A variant has one value on each."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from apps.products.models import AXES, Option, OptionValue, Product, Variant, VariantValue
from apps.products.operations.rows import store, take_turns
from apps.products.operations.telling import renew

PARTING = " / "  # between the values of a variant, in its title


@transaction.atomic
def save_option(*, product: str, name: str, values: Sequence[str], position: int = 0) -> Option:
    """Create or change the axis `name` of the product with the slug `product`, with exactly these
    values in this order. Variants that there are already take the first value of a new axis.

    Raises Product.DoesNotExist, and ValidationError for no value, one twice, one left out that a
    variant has, and an axis too many; then nothing has changed.
    """
    take_turns()
    owner = Product.objects.get(slug=product)
    names = [value.strip() for value in values]
    _check_values(names)
    new = not owner.options.filter(name=name).exists()
    if new and owner.options.count() == AXES:
        raise ValidationError(f"A product has {AXES} options at most.")
    option, moved = store(Option, {"product": owner, "name": name}, {"position": position})
    changed = _set_values(option, names)
    if new:
        _give_all(owner, option)
    if new or moved or changed:
        _word_anew(owner.variants.all())
    return option


@transaction.atomic
def remove_option(*, product: str, name: str) -> bool:
    """Take the axis away; False when there was none. Raises ValidationError when variants differ
    in nothing else; then nothing has changed."""
    take_turns()
    option = Option.objects.filter(product__slug=product, name=name).first()
    if option is None:
        return False
    variants = list(option.product.variants.all())
    option.delete()
    if len({combination(values_of(variant)) for variant in variants}) < len(variants):
        raise ValidationError(f"Some variants differ in nothing but {name}.")
    _word_anew(Variant.objects.filter(pk__in=[variant.pk for variant in variants]))
    return True


@transaction.atomic
def rename_value(*, value: UUID, name: str) -> OptionValue:
    """Call the value otherwise, in the title of every article that has it. Raises
    OptionValue.DoesNotExist, and ValidationError for a name that the axis has already or that
    cannot be; then nothing has changed."""
    take_turns()
    row = OptionValue.objects.get(pk=value)
    _check_values([name.strip()])
    row, changed = store(OptionValue, {"pk": row.pk}, {"name": name.strip()})
    if changed:
        _word_anew(Variant.objects.filter(values__value=row))
    return row


def chosen_values(product: Product, options: Mapping[str, str]) -> list[OptionValue]:
    """The values that `options` names, in the order of the product's axes. Raises ValidationError
    unless it names one of each axis and nothing else."""
    axes = list(product.options.prefetch_related("values"))
    if {axis.name for axis in axes} != set(options):
        wanted = ", ".join(axis.name for axis in axes) or "none"
        raise ValidationError(f"The product's options are: {wanted}.")
    found = []
    for axis in axes:
        named = [value for value in axis.values.all() if value.name == options[axis.name]]
        if not named:
            raise ValidationError(f"{axis.name} has no value {options[axis.name]!r}.")
        found += named
    return found


def combination(values: Iterable[OptionValue]) -> str:
    """What tells a combination from others, whatever its values are called and their order."""
    return "-".join(sorted(value.pk.hex for value in values))


def worded(values: Iterable[OptionValue]) -> str:
    """For people, as "Blue / M"; in the order of the axes."""
    return PARTING.join(value.name for value in values)


def values_of(variant: Variant) -> list[OptionValue]:
    """In the order of the axes."""
    rows = variant.values.select_related("value", "option")
    return [row.value for row in rows.order_by("option__position", "option_id")]


def give(variant: Variant, values: Iterable[OptionValue]) -> None:
    """Make these the variant's values."""
    variant.values.all().delete()
    VariantValue.objects.bulk_create(
        VariantValue(variant=variant, option_id=value.option_id, value=value) for value in values
    )


def _check_values(names: Sequence[str]) -> None:
    if not names or len(set(names)) < len(names):
        raise ValidationError("An option needs values, each once.")
    if any(not name or PARTING.strip() in name for name in names):
        raise ValidationError(f"A value has a name, and no {PARTING.strip()} in it.")


def _set_values(option: Option, names: Sequence[str]) -> bool:
    """Whether the words of variants may differ for it."""
    dropped = option.values.exclude(name__in=names)
    used = VariantValue.objects.filter(value__in=dropped).select_related("value").first()
    if used:
        raise ValidationError(f"There are variants that are {used.value.name}: rename it instead.")
    changed = bool(dropped.delete()[0])
    for position, name in enumerate(names):
        identity = {"option": option, "name": name}
        changed |= store(OptionValue, identity, {"position": position})[1]
    return changed


def _give_all(product: Product, option: Option) -> None:
    first = option.values.order_by("position").first()
    VariantValue.objects.bulk_create(
        VariantValue(variant=variant, option=option, value=first)
        for variant in product.variants.all()
    )


def _word_anew(variants: Iterable[Variant]) -> None:
    """Bring the variants' words in step with their values, and tell those that changed."""
    changed = []
    for variant in list(variants):
        values = values_of(variant)
        before = (variant.combination, variant.option)
        variant.combination, variant.option = combination(values), worded(values)
        if before != (variant.combination, variant.option):
            variant.save(update_fields=["combination", "option"])
            changed.append(variant.pk)
    if changed:
        renew(Variant.objects.filter(pk__in=changed))
