"""What staff fill in."""

from django import forms

from apps.inventory.operations.stock import MOST_UNITS


class AdjustmentForm(forms.Form):
    """By how many units the stock changes, and why."""

    delta = forms.IntegerField(
        label="Units",
        min_value=-MOST_UNITS,
        max_value=MOST_UNITS,
        help_text="To add; with a minus sign, to take off.",
    )
    reason = forms.CharField(max_length=200, help_text="Kept in the stock ledger.")
