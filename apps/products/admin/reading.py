"""What others have told; changed there."""

from django.contrib import admin

from apps.products.admin.base import ReadOnly
from apps.products.models import Availability, BoughtArticle, BoughtOrder


@admin.register(Availability)
class AvailabilityAdmin(ReadOnly, admin.ModelAdmin):
    """Inventory's word."""

    list_display = ["sku", "available", "version"]
    search_fields = ["sku"]


class BoughtArticleInline(ReadOnly, admin.TabularInline):
    model = BoughtArticle


@admin.register(BoughtOrder)
class BoughtOrderAdmin(ReadOnly, admin.ModelAdmin):
    """Orders' word: who may review what."""

    list_display = ["order_id", "customer_id", "status"]
    list_filter = ["status"]
    search_fields = ["order_id", "customer_id"]
    inlines = [BoughtArticleInline]
