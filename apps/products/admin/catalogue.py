"""Categories, products and their variants."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.products import operations
from apps.products.admin.base import NeverDeleted
from apps.products.admin.choosing import OptionInline, PictureInline, save_options, save_pictures
from apps.products.models import Category, Option, OptionValue, Picture, Product, Variant


class Kept(forms.ModelForm):
    """What is chosen once."""

    fixed: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fixed:
            if name in self.fields:
                self.fields[name].disabled = not self.instance._state.adding


class CategoryForm(Kept):
    fixed = ("parent",)


class VariantForm(Kept):
    fixed = ("sku", "product")
    of_product: Product | None = None  # that new rows belong to, where the page tells
    chosen = forms.ModelMultipleChoiceField(
        OptionValue.objects.none(),
        label="Options",
        required=False,
        help_text="One value of each option of the product.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        product = self.of_product or self.instance.product_id
        every = OptionValue.objects.filter(option__product=product).select_related("option")
        field: Any = self.fields["chosen"]
        field.queryset = every.order_by("option__position", "option_id", "position")
        if not self.instance._state.adding:
            field.initial = list(self.instance.values.values_list("value", flat=True))

    def clean_chosen(self) -> Any:
        """No article is blue and red."""
        chosen = self.cleaned_data["chosen"]
        if len({value.option_id for value in chosen}) < len(chosen):
            raise forms.ValidationError("Choose one value of each option.")
        return chosen

    def options(self) -> dict[str, str]:
        """What was chosen, by option; what was not is as it was, and of an option that came with
        this form the value that the operation has given."""
        rows = self.instance.values.select_related("value", "option")
        known = {} if self.instance._state.adding else {r.option.name: r.value.name for r in rows}
        return known | {value.option.name: value.name for value in self.cleaned_data["chosen"]}

    def save_variant(self, product: Product) -> Variant:
        """Through the operation."""
        return operations.save_variant(
            sku=self.instance.sku,
            product=product.slug,
            options=self.options(),
            price=self.instance.price,
            active=self.instance.active,
        )


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
        if change and "slug" in form.changed_data:
            operations.move_category(slug=form.initial["slug"], to=obj.slug)
        saved = operations.save_category(
            slug=obj.slug,
            title=obj.title,
            parent=obj.parent.slug if obj.parent else None,
            position=obj.position,
            active=obj.active,
        )
        obj.pk = saved.pk


class VariantInline(admin.TabularInline):
    model = Variant
    form = VariantForm
    fields = ["sku", "chosen", "price", "active", "sale_price", "version"]
    readonly_fields = ["sale_price", "version"]
    extra = 0
    can_delete = False

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """New rows offer the product's values, too."""
        kwargs["form"] = type("FormOfProduct", (VariantForm,), {"of_product": obj})
        return super().get_formset(request, obj, **kwargs)


@admin.register(Product)
class ProductAdmin(NeverDeleted):
    list_display = ["title", "category", "active", "listed", "price_from", "rating", "rating_count"]
    list_filter = ["active", "listed", "on_sale", "category"]
    list_select_related = ["category"]
    search_fields = ["title", "slug", "variants__sku"]
    readonly_fields = ["listed", "price_from", "price_to", "rating", "rating_count"]
    inlines = [OptionInline, VariantInline, PictureInline]
    actions = ["activate", "deactivate"]

    def save_model(
        self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool
    ) -> None:
        if change and "slug" in form.changed_data:
            operations.move_product(slug=form.initial["slug"], to=obj.slug)
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
        formset.save(commit=False)
        product = form.instance
        if formset.model is Option:
            save_options(product, formset)
        elif formset.model is Picture:
            save_pictures(product, formset)
        else:
            for row in formset.forms:
                if row.has_changed():
                    row.save_variant(product)

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
    list_display = ["sku", "product", "option", "price", "sale_price", "active", "version"]
    list_filter = ["active"]
    list_select_related = ["product"]
    search_fields = ["sku", "product__title"]
    fields = ["product", "sku", "chosen", "price", "active", "sale_price", "picture", "version"]
    readonly_fields = ["sale_price", "picture", "version"]
    autocomplete_fields = ["product"]
    actions = ["tell_again"]

    def save_model(
        self, request: HttpRequest, obj: Variant, form: forms.ModelForm, change: bool
    ) -> None:
        obj.pk = form.save_variant(obj.product).pk  # type: ignore[attr-defined]

    @admin.action(description="Tell the other contexts again", permissions=["change"])
    def tell_again(self, request: HttpRequest, chosen: QuerySet[Variant]) -> None:
        count = operations.announce(skus=chosen.values_list("sku", flat=True))
        messages.success(request, f"{count} told again.")
