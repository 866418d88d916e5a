"""Price lists."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.products import operations
from apps.products.admin.base import ThroughOperations
from apps.products.models import PriceList, SalePrice


class SalePriceInline(admin.TabularInline):
    model = SalePrice
    fields = ["variant", "price", "regular_price"]
    readonly_fields = ["regular_price"]
    autocomplete_fields = ["variant"]
    extra = 0

    def get_queryset(self, request: HttpRequest) -> QuerySet[SalePrice]:
        return super().get_queryset(request).select_related("variant__product")

    def regular_price(self, row: SalePrice) -> Any:
        return row.variant.price


@admin.register(SalePrice)
class SalePriceAdmin(admin.ModelAdmin):
    """To find where an article is on sale; changed on the page of its list."""

    list_display = ["variant", "price", "price_list"]
    list_select_related = ["variant__product", "price_list"]
    list_filter = ["price_list__state"]
    search_fields = ["variant__sku", "variant__product__title", "price_list__name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def delete_model(self, request: HttpRequest, obj: SalePrice) -> None:
        operations.drop_sale_price(price_list=obj.price_list_id, sku=obj.variant.sku)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SalePrice]) -> None:
        for row in queryset.select_related("variant").order_by("pk"):
            self.delete_model(request, row)


@admin.register(PriceList)
class PriceListAdmin(ThroughOperations):
    list_display = ["name", "starts_at", "ends_at", "active", "state"]
    list_filter = ["state"]
    search_fields = ["name", "prices__variant__sku"]
    readonly_fields = ["state", "revision"]
    inlines = [SalePriceInline]

    def save_model(
        self, request: HttpRequest, obj: PriceList, form: forms.ModelForm, change: bool
    ) -> None:
        saved = operations.save_price_list(
            price_list=obj.pk if change else None,
            name=obj.name,
            starts_at=obj.starts_at,
            ends_at=obj.ends_at,
            active=obj.active,
        )
        obj.pk = saved.pk

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool
    ) -> None:
        formset.save(commit=False)
        moved = [row for row, changed in formset.changed_objects if "variant" in changed]
        before = SalePrice.objects.filter(pk__in=[row.pk for row in moved])
        gone = [row.variant.sku for row in [*formset.deleted_objects, *before]]
        for sku in gone:
            operations.drop_sale_price(price_list=form.instance.pk, sku=sku)
        for row in [*(row for row, _ in formset.changed_objects), *formset.new_objects]:
            operations.set_sale_price(
                price_list=form.instance.pk, sku=row.variant.sku, price=row.price
            )

    def delete_model(self, request: HttpRequest, obj: PriceList) -> None:
        operations.delete_price_list(price_list=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[PriceList]) -> None:
        for price_list in queryset.order_by("pk"):
            operations.delete_price_list(price_list=price_list.pk)
