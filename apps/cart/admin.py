"""Carts as staff see them: to look at, never to change."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from apps.cart.models import Article, Cart, CartLine, CartOrder, Stock


class ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LineInline(ReadOnly, admin.TabularInline):
    model = CartLine
    fields = ["sku", "quantity", "seen_price"]


@admin.register(Cart)
class CartAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["id", "owner", "status", "version", "changed_at"]
    list_filter = ["status"]
    search_fields = ["id", "owner", "lines__sku"]
    date_hierarchy = "changed_at"
    inlines = [LineInline]


@admin.register(CartLine)
class CartLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "quantity", "cart"]
    list_select_related = ["cart"]
    search_fields = ["sku", "cart__id"]


@admin.register(CartOrder)
class CartOrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order_id", "cart_id", "cart_version", "status", "placed_at"]
    list_filter = ["status"]
    search_fields = ["order_id", "cart_id"]


@admin.register(Article)
class ArticleAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "title", "price", "currency", "active", "version"]
    list_filter = ["active"]
    search_fields = ["sku", "title"]


@admin.register(Stock)
class StockAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "available", "version"]
    search_fields = ["sku"]
