"""Options and pictures: what belongs to a product and is edited on its page."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from apps.products import operations
from apps.products.admin.base import NeverDeleted
from apps.products.models import Option, OptionValue, Picture, Product, Variant


class OptionForm(forms.ModelForm):
    """An axis with its values in one line."""

    all_values = forms.CharField(
        label="Values", help_text="In their order, parted by commas: Blue, Red, Cream"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            names = self.instance.values.values_list("name", flat=True)
            self.fields["all_values"].initial = ", ".join(names)
            self.fields["name"].disabled = True

    def listed(self) -> list[str]:
        """The values, as they are in the line."""
        return [name.strip() for name in self.cleaned_data["all_values"].split(",")]


class OptionInline(admin.TabularInline):
    model = Option
    form = OptionForm
    fields = ["name", "all_values", "position"]
    extra = 0


def save_options(product: Product, formset: Any) -> None:
    """Through the operations."""
    for option in formset.deleted_objects:
        operations.remove_option(product=product.slug, name=option.name)
    for form in formset.forms:
        if form.has_changed() and form not in formset.deleted_forms:
            operations.save_option(
                product=product.slug,
                name=form.instance.name,
                values=form.listed(),
                position=form.instance.position,
            )


class PictureForm(forms.ModelForm):
    """The recipe is typed: a list of all, at each picture, would be more than the page itself."""

    recipe = forms.CharField(
        max_length=40,
        help_text="A shape and a colour, as mug-blue; also mug-blue-close, mug-blue-pair",
    )


class PictureInline(admin.TabularInline):
    model = Picture
    form = PictureForm
    fields = ["recipe", "alt", "variant", "position", "width", "height"]
    readonly_fields = ["width", "height"]
    extra = 0

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A picture shows a variant of its own product."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "variant" and field is not None:
            match = request.resolver_match
            product = match.kwargs.get("object_id") if match else None
            field.queryset = Variant.objects.filter(product=product)
        return field


def save_pictures(product: Product, formset: Any) -> None:
    """Through the operations; another drawing or variant is another picture."""
    replaced = [
        picture
        for picture, changed in formset.changed_objects
        if {"recipe", "variant"} & set(changed)
    ]
    for picture in [*formset.deleted_objects, *replaced]:
        operations.remove_picture(picture=picture.pk)
    for picture in [*(picture for picture, _ in formset.changed_objects), *formset.new_objects]:
        operations.save_picture(
            product=product.slug,
            recipe=picture.recipe,
            alt=picture.alt,
            sku=picture.variant.sku if picture.variant else None,
            position=picture.position,
        )


@admin.register(OptionValue)
class OptionValueAdmin(NeverDeleted):
    """Here a value gets another name; the rest is on the product's page."""

    list_display = ["name", "option", "product"]
    list_select_related = ["option__product"]
    search_fields = ["name", "option__product__title"]
    fields = ["product", "option", "name"]
    readonly_fields = ["product", "option"]

    @admin.display(ordering="option__product__title")
    def product(self, value: OptionValue) -> str:
        return value.option.product.title

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: OptionValue, form: forms.ModelForm, change: bool
    ) -> None:
        operations.rename_value(value=obj.pk, name=obj.name)
