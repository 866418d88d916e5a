"""What people type in."""

from apps.users.forms.accounts import (
    EmailForm,
    NewPasswordForm,
    PasswordForm,
    ProfileForm,
    ResetForm,
    SignInForm,
    SignUpForm,
    VerificationForm,
)
from apps.users.forms.addresses import AddressForm
from apps.users.forms.passwords import PASSWORD_MAX

__all__ = [
    "PASSWORD_MAX",
    "AddressForm",
    "EmailForm",
    "NewPasswordForm",
    "PasswordForm",
    "ProfileForm",
    "ResetForm",
    "SignInForm",
    "SignUpForm",
    "VerificationForm",
]
