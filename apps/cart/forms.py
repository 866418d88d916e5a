"""What shoppers send from the cart's pages."""

from django import forms
from django.core.validators import validate_slug

from apps.cart.models import MOST
from apps.cart.rates import COUNTRIES, Method


class AddForm(forms.Form):
    sku = forms.CharField(max_length=40, validators=[validate_slug])
    quantity = forms.IntegerField(min_value=1, max_value=MOST)


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(min_value=0, max_value=MOST)


class DeliveryForm(forms.Form):
    country = forms.ChoiceField(choices=[(code, c.name) for code, c in COUNTRIES.items()])
    shipping_method = forms.ChoiceField(
        label="Shipping", choices=[(method.value, method.name.title()) for method in Method]
    )
