"""Passwords, the present one and a new one."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from apps.users.models import User

PASSWORD_MAX = 128  # characters; hashing more only costs time


def password_field(label: str = "Password", *, complete: str, help_text: str = "") -> forms.Field:
    """A field that shows nothing; `complete` tells password managers which one it is."""
    return forms.CharField(
        label=label,
        max_length=PASSWORD_MAX,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": complete}),
    )


class ChoosingPassword(forms.Form):
    """A new password, twice. The validators of the settings see whose it is to be."""

    password = password_field(
        complete="new-password",
        help_text="At least 10 characters; a few words are better than a few signs.",
    )
    password_again = password_field("Password again", complete="new-password")

    def whose(self, data: dict[str, Any]) -> User:
        """Whom the password must not resemble."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "password" in data:
            self._check_password(data)
        if data.get("password") != data.get("password_again") and "password_again" in data:
            self.add_error("password_again", "The two passwords are not the same.")
        return data

    def _check_password(self, data: dict[str, Any]) -> None:
        try:
            password_validation.validate_password(data["password"], user=self.whose(data))
        except ValidationError as error:
            self.add_error("password", error)


class ProvingIdentity(forms.Form):
    """The password of who is signed in: a session left open must not be enough.

    It is compared in the view, after the throttle: a form is not the place to count tries.
    """

    current_password = password_field("Your present password", complete="current-password")
