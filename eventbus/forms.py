"""What staff must say when they decide about an event."""

from django import forms


class Skip(forms.Form):
    """Why the events count as done."""

    reason = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}))


class Edit(Skip):
    """What the subscriber is to read instead, and why."""

    payload = forms.JSONField(widget=forms.Textarea(attrs={"rows": 15}))
    field_order = ["payload", "reason"]
