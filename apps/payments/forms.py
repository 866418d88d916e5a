"""The card as a page posts it, and the refund as staff do."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone

from apps.payments import cards
from apps.payments.gateway import Card


class RefundForm(forms.Form):
    """How much staff give back, and why."""

    amount = forms.DecimalField(max_digits=12, decimal_places=2, min_value=Decimal("0.01"))
    reason = forms.CharField(max_length=200, help_text="Kept with the refund.")
    # Of this page, so that sending it twice gives back once.
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)


class CardForm(forms.Form):
    """Card number, expiry and security code; `card()` when valid. The fields' names are those
    of the inputs, which no other app ever sees."""

    card_number = forms.CharField(max_length=40)
    card_expiry = forms.CharField(max_length=10)
    card_cvc = forms.CharField(max_length=10)

    def clean(self) -> dict[str, Any]:
        """Checks the three together: the security code's length depends on the number."""
        data = super().clean() or {}
        number = cards.digits_of(data.get("card_number", ""))
        month, year = cards.expiry_of(data.get("card_expiry", "")) or (0, 9999)
        found = cards.problems(
            number=number,
            month=month,
            year=year,
            cvc=data.get("card_cvc", ""),
            today=timezone.now().date(),
        )
        for name, problem in found.items():
            if f"card_{name}" not in self.errors:
                self.add_error(f"card_{name}", problem)
        return data | {"digits": number, "month": month, "year": year}

    def card(self) -> Card:
        """The card; only of a valid form."""
        data = self.cleaned_data
        return Card(
            number=data["digits"],
            exp_month=data["month"],
            exp_year=data["year"],
            cvc=data["card_cvc"],
        )
