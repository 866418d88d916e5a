"""Carts as staff see them: to look at, never to change. Coupons are theirs."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template import Context, Template
from django.utils.timezone import localtime

from apps.cart import operations, queries
from apps.cart.models import Article, Cart, CartLine, CartOrder, Coupon, CouponUse, Stock


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
    list_display = ["id", "owner", "status", "coupon", "version", "changed_at"]
    list_filter = ["status"]
    search_fields = ["id", "owner", "lines__sku", "coupon"]
    date_hierarchy = "changed_at"
    inlines = [LineInline]


@admin.register(CartLine)
class CartLineAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "quantity", "cart"]
    list_select_related = ["cart"]
    search_fields = ["sku", "cart__id"]


class CouponForm(forms.ModelForm):
    def clean_code(self) -> str:
        """As it is kept, so that "ten" is told to be there already when TEN is."""
        return str(self.cleaned_data["code"]).strip().upper()


@admin.register(Coupon)
class CouponAdmin(admin.ModelAdmin):
    form = CouponForm
    list_display = ["code", "takes_off", "minimum", "window", "held", "used", "limits", "active"]
    list_filter = ["active", "kind"]
    search_fields = ["code"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Coupon]:
        return queries.coupons()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The code is what carts and orders know it by: chosen once."""
        return ["code", "held", "used"] if obj else []

    def save_model(
        self, request: HttpRequest, obj: Coupon, form: forms.ModelForm, change: bool
    ) -> None:
        operations.save_coupon(obj)

    @admin.display(description="Takes off", ordering="amount")
    def takes_off(self, coupon: Coupon) -> str:
        if coupon.kind == Coupon.Kind.PERCENT:
            return f"{coupon.amount.normalize():f} %"
        return Template("{{ amount|money }}").render(Context({"amount": coupon.amount}))

    @admin.display(description="Good", ordering="ends_at")
    def window(self, coupon: Coupon) -> str:
        both = (coupon.starts_at, coupon.ends_at)
        ends = [f"{localtime(at):%Y-%m-%d %H:%M}" if at else "" for at in both]
        return " to ".join(ends) if any(ends) else "always"

    @admin.display(description="Held now", ordering="held")
    def held(self, coupon: Any) -> int:
        return int(coupon.held)

    @admin.display(description="Used", ordering="used")
    def used(self, coupon: Any) -> int:
        return int(coupon.used)

    @admin.display(description="Limit, and a customer's")
    def limits(self, coupon: Coupon) -> str:
        limits = coupon.total_limit, coupon.customer_limit
        return ", ".join("none" if limit is None else str(limit) for limit in limits)


@admin.register(CouponUse)
class CouponUseAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["coupon", "status", "held_until", "cart_id", "owner"]
    list_filter = ["status"]
    search_fields = ["coupon__code", "cart_id", "owner"]


@admin.register(CartOrder)
class CartOrderAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["order_id", "cart_id", "cart_version", "status", "coupon", "placed_at"]
    list_filter = ["status"]
    search_fields = ["order_id", "cart_id"]


@admin.register(Article)
class ArticleAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "title", "price", "currency", "tax_class", "active", "version"]
    list_filter = ["active", "tax_class"]
    search_fields = ["sku", "title"]


@admin.register(Stock)
class StockAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ["sku", "available", "version"]
    search_fields = ["sku"]
