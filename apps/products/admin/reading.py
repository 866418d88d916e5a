"""Rows to look at: what others have told, and what is changed on another page."""

from django.contrib import admin

from apps.products.admin.base import ReadOnly
from apps.products.models import (
    Availability,
    BoughtArticle,
    BoughtOrder,
    CategorySlug,
    Decision,
    Listing,
    Option,
    Picture,
    ProductSlug,
    VariantValue,
    Word,
)


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


@admin.register(BoughtArticle)
class BoughtArticleAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "order"]
    list_select_related = ["order"]
    search_fields = ["sku", "order__order_id", "order__customer_id"]


@admin.register(CategorySlug)
class CategorySlugAdmin(ReadOnly, admin.ModelAdmin):
    """Where old addresses lead."""

    list_display = ["slug", "category"]
    list_select_related = ["category"]
    search_fields = ["slug", "category__title"]


@admin.register(ProductSlug)
class ProductSlugAdmin(ReadOnly, admin.ModelAdmin):
    """Where old addresses lead."""

    list_display = ["slug", "product"]
    list_select_related = ["product"]
    search_fields = ["slug", "product__title"]


@admin.register(Option)
class OptionAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["name", "product", "position"]
    list_select_related = ["product"]
    search_fields = ["name", "product__title"]


@admin.register(VariantValue)
class VariantValueAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["variant", "value"]
    list_select_related = ["variant__product", "value__option"]
    search_fields = ["variant__sku", "value__name"]


@admin.register(Picture)
class PictureAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["recipe", "alt", "product", "variant", "position"]
    list_select_related = ["product", "variant__product"]
    search_fields = ["recipe", "alt", "product__title", "variant__sku"]


@admin.register(Decision)
class DecisionAdmin(ReadOnly, admin.ModelAdmin):
    """Who decided what about which review, and why."""

    list_display = ["at", "review", "status", "by", "reason"]
    list_filter = ["status"]
    list_select_related = ["review"]
    search_fields = ["by", "reason", "review__title"]


@admin.register(Listing)
class ListingAdmin(ReadOnly, admin.ModelAdmin):
    """What lists and search read of the products that are listed."""

    list_display = ["title", "category", "price_from", "on_sale", "in_stock"]
    list_filter = ["on_sale", "in_stock"]
    list_select_related = ["category"]
    search_fields = ["title", "choices"]


@admin.register(Word)
class WordAdmin(ReadOnly, admin.ModelAdmin):
    """What a misspelt word may have meant."""

    search_fields = ["text"]
