"""The catalogue's pages."""

from apps.products.views.detail import painting, picture, product, reviews
from apps.products.views.lists import product_list, suggest
from apps.products.views.sitemaps import sitemap
from apps.products.views.waiting import leave, wait

__all__ = [
    "leave",
    "painting",
    "picture",
    "product",
    "product_list",
    "reviews",
    "sitemap",
    "suggest",
    "wait",
]
