"""Pictures of products and of their variants."""

from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F

from apps.products import pictures
from apps.products.models import Picture, Product, Variant
from apps.products.operations.rows import store, take_turns
from apps.products.operations.telling import follow


@transaction.atomic
def save_picture(
    *, product: str, recipe: str, alt: str, sku: str | None = None, position: int = 0
) -> Picture:
    """Show the drawing `recipe` of the product with the slug `product`, or of its variant `sku`
    alone, described by `alt`; or change text and place of the one that is shown already.

    Raises Product.DoesNotExist, and ValidationError for a recipe that there is not, no text and
    a variant of another product; then nothing has changed.
    """
    take_turns()
    owner = Product.objects.get(slug=product)
    variant = owner.variants.filter(sku=sku).first() if sku else None
    if sku and variant is None:
        raise ValidationError({"variant": f"The product has no variant {sku}."})
    picture, changed = _store(owner, variant, recipe=recipe, alt=alt, position=position)
    if changed:
        follow(owner.variants.all())
    return picture


@transaction.atomic
def remove_picture(*, picture: UUID) -> bool:
    """Show it no longer; False when it was not shown."""
    take_turns()
    row = Picture.objects.select_related("product").filter(pk=picture).first()
    if row is None:
        return False
    row.delete()
    follow(row.product.variants.all())
    return True


def put_first(variant: Variant, *, recipe: str, alt: str) -> bool:
    """Make it the variant's own first picture, in the place of that one; whether it was not.
    The caller tells the article."""
    first = variant.pictures.first()
    if first is None:
        return _store(variant.product, variant, recipe=recipe, alt=alt, position=0)[1]
    if (first.recipe, first.alt) == (recipe, alt):
        return False
    if variant.pictures.filter(recipe=recipe).exclude(pk=first.pk).exists():
        variant.pictures.exclude(recipe=recipe).update(position=F("position") + 1)
        return _store(variant.product, variant, recipe=recipe, alt=alt, position=0)[1]
    return store(Picture, {"pk": first.pk}, {"recipe": recipe, "alt": alt})[1]


def _store(
    product: Product, variant: Variant | None, *, recipe: str, alt: str, position: int
) -> tuple[Picture, bool]:
    identity = {"product": product, "variant": variant, "recipe": recipe}
    values = {
        "alt": alt.strip(),
        "position": position,
        "width": pictures.SIZE,
        "height": pictures.SIZE,
    }
    return store(Picture, identity, values)
