"""The catalogue for staff. Whatever they save goes through the operations, which tell the world."""

from apps.products.admin.catalogue import CategoryAdmin, ProductAdmin, VariantAdmin
from apps.products.admin.choosing import OptionValueAdmin
from apps.products.admin.reading import AvailabilityAdmin, BoughtOrderAdmin
from apps.products.admin.reviews import ReviewAdmin
from apps.products.admin.sales import PriceListAdmin
from apps.products.admin.waiting import WaitingShopperAdmin

__all__ = [
    "AvailabilityAdmin",
    "BoughtOrderAdmin",
    "CategoryAdmin",
    "OptionValueAdmin",
    "PriceListAdmin",
    "ProductAdmin",
    "ReviewAdmin",
    "VariantAdmin",
    "WaitingShopperAdmin",
]
