"""What machines read on the pages: schema.org, as JSON-LD."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.products import pictures
from apps.products.models import Product, Variant
from apps.products.queries import Branch, Card

KNOWN = {True: "https://schema.org/InStock", False: "https://schema.org/OutOfStock"}


def product_data(
    request: HttpRequest, product: Product, variant: Variant, *, available: int | None
) -> dict[str, Any]:
    """The product with the offer of one variant and, where there are reviews, their average."""
    page = reverse("products:product", args=[product.slug])
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": variant.title,
        "description": product.description,
        "sku": variant.sku,
        "image": painting_address(request, variant.picture),
        "offers": {
            "@type": "Offer",
            "url": request.build_absolute_uri(f"{page}?sku={variant.sku}"),
            "price": str(variant.costs),
            "priceCurrency": settings.SHOP_CURRENCY,
        },
    }
    if available is not None:
        data["offers"]["availability"] = KNOWN[available > 0]
    if product.rating is not None:
        data["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": str(product.rating),
            "reviewCount": product.rating_count,
        }
    return data


def painting_address(request: HttpRequest, recipe: str) -> str:
    """Of the recipe's picture in pixels, which everybody can show."""
    name = recipe or pictures.NONE_YET
    return request.build_absolute_uri(reverse("products:painting", args=[name]))


def trail_data(request: HttpRequest, path: Sequence[Any], *, here: str = "") -> dict[str, Any]:
    """The categories (each with `slug` and `title`) that lead to a page, from the shop on; and the
    page itself, `here`, when it is none of them."""
    steps = [("Shop", reverse("products:list"))]
    steps += [(one.title, reverse("products:category", args=[one.slug])) for one in path]
    steps += [(here, request.path)] if here else []
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "name": title,
                "item": request.build_absolute_uri(address),
            }
            for position, (title, address) in enumerate(steps, start=1)
        ],
    }


def list_data(
    request: HttpRequest, path: Sequence[Branch], cards: Sequence[Card]
) -> list[dict[str, Any]]:
    """The way to a list, unless it is the beginning of all ways, and the products on its page."""
    products = {
        "@context": "https://schema.org",
        "@type": "ItemList",
        "itemListElement": [
            {
                "@type": "ListItem",
                "position": position,
                "url": request.build_absolute_uri(reverse("products:product", args=[card.slug])),
            }
            for position, card in enumerate(cards, start=1)
        ],
    }
    return [trail_data(request, path), products] if path else [products]
