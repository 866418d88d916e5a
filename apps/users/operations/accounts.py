"""Accounts: who signs in, by which address, with which password."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.users import queries
from apps.users.events import EmailChanged, PasswordChanged, UserRegistered
from apps.users.models import User, normal
from apps.users.operations.families import revoke_families
from apps.users.operations.linking import absolute, end_links, request_verification
from eventbus import publish


@transaction.atomic
def register_user(*, email: str, password: str, name: str = "") -> User | None:
    """A new shopper, announced in the same commit and asked to show that the address is theirs;
    None when the address is taken.

    A taken address writes and announces nothing and costs the same time (the password is
    hashed first), so callers can answer both alike and tell nobody who has an account.
    """
    user = User(email=normal(email), name=name)
    user.set_password(password)
    try:
        with transaction.atomic():
            add_user(user=user)
    except IntegrityError:
        if queries.is_taken(email=email):
            return None
        raise
    return user


@transaction.atomic
def add_user(*, user: User) -> None:
    """Store the new user, announce it in the same commit and ask for a proof of the address
    unless it counts as proven; raises IntegrityError when the address is taken."""
    user.save(force_insert=True)
    publish(UserRegistered(user_id=user.pk, subject=str(user.pk), email=user.email), key=user.pk)
    request_verification(user_id=user.pk)


@transaction.atomic
def rename_user(*, user_id: UUID, name: str) -> None:
    """Set the name that pages and mails call the user by."""
    User.objects.filter(pk=user_id).update(name=name)


@transaction.atomic
def replace_email(*, user_id: UUID, email: str, verified: bool = False) -> bool:
    """Reach the user under another address, from which no older link is good any more.

    The old address is told. Unless the new one is `verified`, its owner is asked to show that it
    is theirs. False, and nothing changed, when it is the user's already; raises IntegrityError
    when it is taken.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    previous, user.email = user.email, normal(email)
    if user.email == previous:
        return False
    user.email_verified_at = timezone.now() if verified else None
    user.save(update_fields=["email", "email_verified_at"])
    end_links(user_id=user_id)
    changed = EmailChanged(
        user_id=user_id, subject=str(user_id), email=user.email, previous=previous
    )
    publish(changed, key=user_id)
    request_verification(user_id=user_id)
    return True


@transaction.atomic
def change_password(*, user_id: UUID, password: str | None) -> User:
    """Set the password (None: none at all), and end what was begun with the old one: every session (their hash does
    not match any more), every sign-in of an API client, every link that was mailed.

    The caller has made sure who asks. The user is told by mail.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    user.set_password(password)
    user.save(update_fields=["password"])
    revoke_families(user_id=user_id)
    end_links(user_id=user_id)
    changed = PasswordChanged(
        user_id=user_id,
        subject=str(user_id),
        email=user.email,
        url=absolute("users:ask_reset"),
    )
    publish(changed, key=user_id)
    return user
