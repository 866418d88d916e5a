"""What the shop sells, at which price, in which pictures, and what its buyers say of it."""

from apps.products.models.buying import BoughtArticle, BoughtOrder
from apps.products.models.catalogue import (
    LEVELS,
    Availability,
    Category,
    Product,
    Variant,
    validate_picture,
    validate_product_slug,
)
from apps.products.models.listings import Listing, Word
from apps.products.models.options import AXES, Option, OptionValue, VariantValue
from apps.products.models.pictures import Picture
from apps.products.models.reviews import Decision, Review
from apps.products.models.sales import PriceList, SalePrice
from apps.products.models.slugs import CategorySlug, ProductSlug
from apps.products.models.waiting import WaitingShopper

__all__ = [
    "AXES",
    "LEVELS",
    "Availability",
    "BoughtArticle",
    "BoughtOrder",
    "Category",
    "CategorySlug",
    "Decision",
    "Listing",
    "Option",
    "OptionValue",
    "Picture",
    "PriceList",
    "Product",
    "ProductSlug",
    "Review",
    "SalePrice",
    "Variant",
    "VariantValue",
    "WaitingShopper",
    "Word",
    "validate_picture",
    "validate_product_slug",
]
