"""What people type in."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError

from apps.users.models import User

PASSWORD_MAX = 128  # characters; hashing more only costs time


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    username = forms.EmailField(
        label="E-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "That e-mail and password do not belong together. Please check both.",
    }


class SignUpForm(forms.Form):
    """A new account. Whether the address has one already is not said here."""

    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    name = forms.CharField(
        label="Name (optional)",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    password = forms.CharField(
        max_length=PASSWORD_MAX,
        strip=False,
        help_text="At least 10 characters; a few words are better than a few signs.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label="Password again",
        max_length=PASSWORD_MAX,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "password" in data:
            self._check_password(data)
        if data.get("password") != data.get("password_again") and "password_again" in data:
            self.add_error("password_again", "The two passwords are not the same.")
        return data

    def _check_password(self, data: dict[str, Any]) -> None:
        user = User(email=data.get("email", ""), name=data.get("name", ""))
        try:
            password_validation.validate_password(data["password"], user=user)
        except ValidationError as error:
            self.add_error("password", error)


class ProfileForm(forms.Form):
    """What people may change about themselves."""

    name = forms.CharField(
        label="Name",
        max_length=150,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
