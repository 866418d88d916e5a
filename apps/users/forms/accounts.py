"""Signing up and in, and what people may change about themselves."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from apps.users.forms.passwords import ChoosingPassword, ProvingIdentity
from apps.users.models import User


def email_field(label: str = "E-mail", *, complete: str = "email") -> forms.EmailField:
    widget = forms.EmailInput(attrs={"autocomplete": complete, "autofocus": True})
    return forms.EmailField(label=label, max_length=254, widget=widget)


def name_field(label: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "name"})
    return forms.CharField(label=label, max_length=150, required=False, widget=widget)


class SignInForm(AuthenticationForm):
    """E-mail and password."""

    username = email_field(complete="username")
    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": "That e-mail and password do not belong together. Please check both.",
    }


class SignUpForm(ChoosingPassword):
    """A new account. Whether the address has one already is not said here."""

    email = email_field(complete="username")
    name = name_field("Name (optional)")
    field_order = ("email", "name", "password", "password_again")

    def whose(self, data: dict[str, Any]) -> User:
        return User(email=data.get("email", ""), name=data.get("name", ""))


class ProfileForm(forms.Form):
    """What people are called."""

    name = name_field("Name")


class VerificationForm(forms.Form):
    """The address as the page showed it, so that a page left open asks for nothing else."""

    email = forms.EmailField(max_length=254, widget=forms.HiddenInput)


class EmailForm(ProvingIdentity):
    """Another address."""

    email = email_field("New e-mail")
    field_order = ("email", "current_password")


class ResetForm(forms.Form):
    """Who has forgotten the password. Whether the address has an account is not said here."""

    email = email_field()


class NewPasswordForm(ChoosingPassword):
    """A new password for somebody who came by a link."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def whose(self, data: dict[str, Any]) -> User:
        return self.user


class PasswordForm(ProvingIdentity, NewPasswordForm):
    """A new password for somebody who is signed in."""

    field_order = ("current_password", "password", "password_again")
