"""The catalogue as JSON. Plain dictionaries: a list of products is built more often than anything
else here, and serializers take twice the time."""

from typing import Any

from django.conf import settings
from django.urls import reverse

from apps.products import queries
from apps.products.models import Picture, Product, Review, Variant
from apps.products.pictures import SIZE


def listed(product: Product) -> dict[str, Any]:
    """A product of `queries.with_variants()`, as the list has it."""
    shown = _common(product)
    shown["picture"] = _picture(product.cover, product.cover_alt)
    shown["variants"] = [_variant(variant) for variant in product.on_offer]  # type: ignore[attr-defined]
    return shown


def detailed(product: Product) -> dict[str, Any]:
    """A product of `queries.in_detail()`, with all there is about it."""
    variants: list[Variant] = product.on_offer  # type: ignore[attr-defined]
    shown = _common(product)
    shown["tax_class"] = product.tax_class
    shown["path"] = [
        {"slug": category.slug, "title": category.title}
        for category in queries.path_of(product.category)
    ]
    shown["pictures"] = [_drawn(picture) for picture in queries.gallery(product)]
    shown["options"] = [
        {"name": axis.name, "values": [choice.name for choice in axis.choices]}
        for axis in queries.axes(variants, variants[0])
    ]
    shown["variants"] = [
        _variant(variant)
        | {
            "options": {row.option.name: row.value.name for row in variant.values.all()},
            "pictures": [_drawn(picture) for picture in queries.gallery(product, variant)],
        }
        for variant in variants
    ]
    return shown


def review(row: Review) -> dict[str, Any]:
    """As everybody sees it."""
    return {
        "id": str(row.pk),
        "author": row.signature,
        "rating": row.rating,
        "title": row.title,
        "text": row.text,
        "written_at": row.changed_at,
    }


def _common(product: Product) -> dict[str, Any]:
    return {
        "id": str(product.pk),
        "slug": product.slug,
        "title": product.title,
        "description": product.description,
        "category": product.category.slug,
        "price": str(product.price_from),
        "price_to": str(product.price_to),
        "currency": settings.SHOP_CURRENCY,
        "on_sale": product.on_sale,
        "rating": {
            "average": None if product.rating is None else str(product.rating),
            "count": product.rating_count,
        },
    }


def _variant(variant: Variant) -> dict[str, Any]:
    regular = variant.regular_price
    return {
        "sku": variant.sku,
        "option": variant.option,
        "price": str(variant.costs),
        "regular_price": None if regular is None else str(regular),
        "currency": settings.SHOP_CURRENCY,
        "available": queries.units_of(variant),
    }


def _drawn(picture: Picture) -> dict[str, Any]:
    return _picture(picture.recipe, picture.alt, width=picture.width, height=picture.height)


def _picture(recipe: str, alt: str, *, width: int = SIZE, height: int = SIZE) -> dict[str, Any]:
    url = reverse("products:picture", args=[recipe])
    return {"url": url, "alt": alt, "width": width, "height": height}
