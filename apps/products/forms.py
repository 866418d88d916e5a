"""What shoppers fill in."""

from django import forms

STARS = [(5, "5, very good"), (4, "4, good"), (3, "3, fair"), (2, "2, poor"), (1, "1, very poor")]


class WaitForm(forms.Form):
    """Where to write to when an article is back."""

    email = forms.EmailField(
        label="Your e-mail",
        max_length=254,
        error_messages={"required": "Please enter your e-mail address."},
    )


class ReviewForm(forms.Form):
    """A review."""

    rating = forms.TypedChoiceField(label="Stars", coerce=int, choices=STARS)
    title = forms.CharField(label="In a few words", max_length=120)
    text = forms.CharField(label="Your review", max_length=4000, widget=forms.Textarea({"rows": 5}))
    author = forms.CharField(
        label="Name to show (optional)",
        max_length=60,
        required=False,
        widget=forms.TextInput({"autocomplete": "nickname"}),
    )
