"""The address book."""

from django import forms

from apps.users.countries import COUNTRIES
from apps.users.models import Address


class AddressForm(forms.ModelForm):
    """What is written on a parcel."""

    class Meta:
        model = Address
        fields = ("name", "line1", "line2", "postcode", "city", "country", "is_default")
        labels = {
            "name": "Full name",
            "line1": "Street and number",
            "line2": "Flat, floor, company (optional)",
            "is_default": "Make this the default address",
        }
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
            "line1": forms.TextInput(attrs={"autocomplete": "address-line1"}),
            "line2": forms.TextInput(attrs={"autocomplete": "address-line2"}),
            "postcode": forms.TextInput(attrs={"autocomplete": "postal-code"}),
            "city": forms.TextInput(attrs={"autocomplete": "address-level2"}),
            "country": forms.Select(
                choices=list(COUNTRIES.items()), attrs={"autocomplete": "country"}
            ),
        }

    def clean_country(self) -> str:
        country: str = self.cleaned_data["country"]
        if country not in COUNTRIES:
            raise forms.ValidationError("Choose one of the countries.")
        return country
