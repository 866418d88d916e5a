"""What shoppers send from the cart's pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.core.validators import validate_slug

from apps.cart.models import MOST, MOST_LINES
from apps.cart.rates import COUNTRIES, HOME, Method


class AddForm(forms.Form):
    sku = forms.CharField(max_length=40, validators=[validate_slug])
    quantity = forms.IntegerField(min_value=1, max_value=MOST)


class QuantityForm(forms.Form):
    quantity = forms.IntegerField(min_value=0, max_value=MOST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    sku: str
    quantity: int  # units


def lines_in(skus: Sequence[str], quantities: Sequence[str]) -> list[Line] | None:
    """The lines of an order, as the form of "order again" sends them; None when they are none."""
    forms = [AddForm({"sku": s, "quantity": q}) for s, q in zip(skus, quantities, strict=False)]
    if not 0 < len(forms) <= MOST_LINES or not all(form.is_valid() for form in forms):
        return None
    return [Line(**form.cleaned_data) for form in forms]


class CouponForm(forms.Form):
    code = forms.CharField(max_length=40)


def delivery_in(kept: str) -> dict[str, str]:
    """What `DeliveryForm.kept` has kept, empty if it says nothing that is good here."""
    country, _, method = kept.partition(".")
    good = country in COUNTRIES and method in set(Method)
    return {"country": country, "shipping_method": method} if good else {}


class DeliveryForm(forms.Form):
    """Where to and how. A method that is not offered in the country becomes the usual one."""

    country = forms.ChoiceField(choices=[(code, c.name) for code, c in COUNTRIES.items()])
    shipping_method = forms.ChoiceField(
        label="Shipping", choices=[(method.value, method.label) for method in Method]
    )

    def __init__(self, sent: Mapping[str, str]) -> None:
        super().__init__({"country": HOME, "shipping_method": Method.STANDARD, **sent})
        self.label_suffix = ""
        self.there = COUNTRIES.get(self.data["country"], COUNTRIES[HOME])
        offered = [(method.value, method.label) for method in self.there.methods]
        self.not_offered = ""  # the label of what was wished for
        wished = self.data["shipping_method"]
        if wished in set(Method) - set(self.there.methods):
            self.not_offered = Method(wished).label
            self.data = {**self.data, "shipping_method": Method.STANDARD.value}
        self.fields["shipping_method"].choices = offered  # type: ignore[attr-defined]

    def kept(self) -> str:
        """What the shopper chose, for the next look at the cart; of a valid form."""
        return "{country}.{shipping_method}".format_map(self.cleaned_data)
