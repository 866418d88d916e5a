"""What people choose."""

from typing import Any

from django import forms

from apps.notifications.models import Notification

Kind = Notification.Kind

CHOICES = [("yes", "Send them"), ("no", "Do not send them")]
QUESTIONS: dict[str, str] = {
    Kind.ORDER_SHIPPED: "When a parcel leaves, with its tracking number",
    Kind.ORDER_DELIVERED: "When a parcel has arrived",
}


class PreferencesForm(forms.Form):
    """Yes or no to each optional kind. An answer left out is not taken for a no."""

    def __init__(self, *args: Any, wanted: dict[str, bool], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, is_wanted in wanted.items():
            self.fields[kind] = forms.TypedChoiceField(
                label=QUESTIONS[kind],
                choices=CHOICES,
                coerce=lambda answer: answer == "yes",
                widget=forms.RadioSelect,
                initial="yes" if is_wanted else "no",
            )
