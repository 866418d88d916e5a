"""What a shopper fills in at checkout, and staff when a parcel leaves."""

from django import forms

from apps.orders.countries import NAMES


class ContactForm(forms.Form):
    """Who orders and where the parcel goes."""

    email = forms.EmailField(
        label="E-mail", max_length=254, widget=forms.EmailInput({"autocomplete": "email"})
    )
    name = forms.CharField(
        label="Full name", max_length=120, widget=forms.TextInput({"autocomplete": "name"})
    )
    line1 = forms.CharField(
        label="Street and number",
        max_length=200,
        widget=forms.TextInput({"autocomplete": "address-line1"}),
    )
    line2 = forms.CharField(
        label="Flat, floor, company (optional)",
        max_length=200,
        required=False,
        widget=forms.TextInput({"autocomplete": "address-line2"}),
    )
    postcode = forms.CharField(
        label="Postcode", max_length=20, widget=forms.TextInput({"autocomplete": "postal-code"})
    )
    city = forms.CharField(
        label="City", max_length=120, widget=forms.TextInput({"autocomplete": "address-level2"})
    )
    country = forms.ChoiceField(
        choices=[(code, NAMES[code]) for code in sorted(NAMES, key=NAMES.__getitem__)],
        widget=forms.Select({"autocomplete": "country"}),
    )

    def lead_to_error(self) -> None:
        """Put the cursor into the first field that is wrong."""
        wrong = next((name for name in self.fields if name in self.errors), None)
        if wrong:
            self.fields[wrong].widget.attrs["autofocus"] = True


class PaymentForm(forms.Form):
    """The token that payments put into the surrounding form."""

    payment_method = forms.CharField(
        max_length=200, error_messages={"required": "Please enter your card."}
    )


class ShipForm(forms.Form):
    """What staff know when a parcel leaves."""

    carrier = forms.CharField(max_length=80)
    tracking = forms.CharField(label="Tracking number", max_length=120)
