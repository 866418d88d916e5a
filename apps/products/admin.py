"""The catalogue for staff. Whatever they save goes through the operations, which tell the world."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.products import operations, pictures
from apps.products.models import Availability, Category, Product, Variant


class KeptIdentity(forms.ModelForm):
    """What others know a row by is chosen once."""

    fixed: tuple[str, ...] = ("slug",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fixed:
            self.fields[name].disabled = not self.instance._state.adding


class CategoryForm(KeptIdentity):
    fixed = ("slug", "parent")


class VariantForm(KeptIdentity):
    fixed = ("sku",)
    picture = forms.ChoiceField(choices=[(name, name) for name in pictures.names()])


class NeverDeleted(admin.ModelAdmin):
    """Orders and carts remember what was sold: hide, never delete."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Category)
class CategoryAdmin(NeverDeleted):
    form = CategoryForm
    list_display = ["title", "slug", "parent", "position", "active"]
    list_filter = ["active"]
    list_select_related = ["parent"]
    search_fields = ["title", "slug"]

    def save_model(
        self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: bool
    ) -> None:
        saved = operations.save_category(
            slug=obj.slug,
            title=obj.title,
            parent=obj.parent.slug if obj.parent else None,
            position=obj.position,
            active=obj.active,
        )
        obj.pk = saved.pk


def save_variant(variant: Variant) -> Variant:
    """Through the operation."""
    return operations.save_variant(
        sku=variant.sku,
        product=variant.product.slug,
        option=variant.option,
        price=variant.price,
        picture=variant.picture,
        active=variant.active,
    )


class VariantInline(admin.TabularInline):
    model = Variant
    form = VariantForm
    fields = ["sku", "option", "price", "picture", "active", "version"]
    readonly_fields = ["version"]
    extra = 0
    can_delete = False


@admin.register(Product)
class ProductAdmin(NeverDeleted):
    form = KeptIdentity
    list_display = ["title", "category", "active"]
    list_filter = ["active", "category"]
    list_select_related = ["category"]
    search_fields = ["title", "slug", "variants__sku"]
    inlines = [VariantInline]
    actions = ["activate", "deactivate"]

    def save_model(
        self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool
    ) -> None:
        saved = operations.save_product(
            slug=obj.slug,
            title=obj.title,
            description=obj.description,
            category=obj.category.slug,
            tax_class=obj.tax_class,
            active=obj.active,
        )
        obj.pk = saved.pk

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: Any, change: bool
    ) -> None:
        for variant in formset.save(commit=False):
            save_variant(variant)

    @admin.action(description="Put on sale", permissions=["change"])
    def activate(self, request: HttpRequest, chosen: QuerySet[Product]) -> None:
        count = operations.activate(products=chosen.values_list("pk", flat=True))
        messages.success(request, f"{count} put on sale.")

    @admin.action(description="Take off sale", permissions=["change"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[Product]) -> None:
        count = operations.deactivate(products=chosen.values_list("pk", flat=True))
        messages.success(request, f"{count} taken off sale.")


@admin.register(Variant)
class VariantAdmin(NeverDeleted):
    form = VariantForm
    list_display = ["sku", "product", "option", "price", "active", "version"]
    list_filter = ["active"]
    list_select_related = ["product"]
    search_fields = ["sku", "product__title"]
    readonly_fields = ["version"]
    autocomplete_fields = ["product"]
    actions = ["tell_again"]

    def save_model(
        self, request: HttpRequest, obj: Variant, form: forms.ModelForm, change: bool
    ) -> None:
        obj.pk = save_variant(obj).pk

    @admin.action(description="Tell the other contexts again", permissions=["change"])
    def tell_again(self, request: HttpRequest, chosen: QuerySet[Variant]) -> None:
        count = operations.announce(skus=chosen.values_list("sku", flat=True))
        messages.success(request, f"{count} told again.")


@admin.register(Availability)
class AvailabilityAdmin(admin.ModelAdmin):
    """Inventory's word; changed there."""

    list_display = ["sku", "available", "version"]
    search_fields = ["sku"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
