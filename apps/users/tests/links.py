"""Asking for the links that go out by mail."""

from datetime import timedelta

from apps.users import operations
from apps.users.models import Link
from apps.users.tests.factories import token_of
from eventbus.testing import drain, published

NEW = "another analytical engine"
VERIFY, RESET = "users.verification_requested", "users.password_reset_requested"


def verification(user):
    """Asks for it; the token."""
    operations.request_verification(user_id=user.pk)
    return token_of(published(VERIFY, key=user.pk)[-1])


def change_of(user, email):
    operations.request_email_change(user_id=user.pk, email=email)
    return token_of(published(VERIFY, key=user.pk)[-1])


def reset(user):
    operations.ask_for_reset(email=user.email)
    drain()
    return token_of(published(RESET, key=user.pk)[-1])


def later(**time):
    """As if the links had been asked for so long ago."""
    ago = timedelta(**time)
    for link in Link.objects.all():
        link.created_at -= ago
        link.expires_at -= ago
        link.save()
