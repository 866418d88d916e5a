"""What machines read on the page of a product: schema.org, as JSON-LD."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from apps.products.models import Product, Variant

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
        "image": request.build_absolute_uri(reverse("products:picture", args=[variant.picture])),
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
