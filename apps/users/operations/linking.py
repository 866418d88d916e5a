"""Asking for links by mail. Each has a secret that only the mail and its event know.

Tokens are random and stored as hashes, rather than signed (Django's token generator): the row
makes a link good once whatever happens at the same moment, ends it early, bounds how many a
person is sent, and binds it to an address that is not the user's yet.
"""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.users import queries
from apps.users.events import PasswordResetRequested, ResetAsked, VerificationRequested
from apps.users.models import Link, User, digest_of, normal
from eventbus import publish

Purpose = Link.Purpose

VERIFICATION_LIFETIME = timedelta(hours=24)
RESET_LIFETIME = timedelta(hours=1)
# Nobody's mailbox is filled by a stranger who knows the address, nor by an impatient click.
PAUSE = timedelta(minutes=1)  # between two mails of one purpose to one user
MAX_A_DAY = 10  # mails of one purpose to one user


@transaction.atomic
def request_verification(*, user_id: UUID) -> bool:
    """Mail a link that shows that the user's address is theirs; False when that is shown already
    or when the last one was asked for less than PAUSE ago."""
    user = User.objects.select_for_update().get(pk=user_id)
    if user.email_verified_at is not None:
        return False
    return _mail_verification(user, user.email)


@transaction.atomic
def request_email_change(*, user_id: UUID, email: str) -> bool:
    """Mail a link to the new address; following it makes the address the user's.

    Until then the old one stays in force, so a typing error locks nobody out. Whether the new one
    is somebody else's is not looked at: the answer must not tell, and only its owner gets the
    link. False when too many were asked for.
    """
    user = User.objects.select_for_update().get(pk=user_id)
    if normal(email) == user.email:
        return request_verification(user_id=user_id)
    return _mail_verification(user, normal(email))


def ask_for_reset(*, email: str) -> None:
    """Somebody asked for a new password for the address.

    One query and one event whoever has the address, and the rest is done after the answer: its
    time tells nobody who has an account.
    """
    user_id = queries.user_to_reset(email=email)
    with transaction.atomic():
        asked = ResetAsked(user_id=user_id, asked_at=timezone.now())
        publish(asked, key=user_id or uuid7())


@transaction.atomic
def send_reset(*, user_id: UUID, asked_at: datetime) -> bool:
    """Mail a link to set a new password; False, and no mail, when the account is closed, when too
    many were asked for or when this was asked so long ago that the link would have expired."""
    user = User.objects.select_for_update().get(pk=user_id)
    expires_at = asked_at + RESET_LIFETIME
    if not user.is_active or expires_at <= timezone.now():
        return False
    link = _new_link(user, Purpose.RESET, user.email, expires_at)
    if link is None:
        return False
    url = absolute("users:reset_password", link)
    publish(PasswordResetRequested(**_told(user, user.email, url, expires_at)), key=user_id)
    return True


def end_links(*, user_id: UUID, **which: object) -> None:
    """No link of the user's (with such fields) is good any more."""
    Link.objects.filter(user_id=user_id, used_at=None, **which).update(used_at=timezone.now())


def absolute(view: str, *args: str) -> str:
    """The page's address for a mail: by the setting, as a request's own host cannot be believed."""
    return f"{settings.SHOP_URL.rstrip('/')}{reverse(view, args=args)}"


def _mail_verification(user: User, email: str) -> bool:
    expires_at = timezone.now() + VERIFICATION_LIFETIME
    token = _new_link(user, Purpose.VERIFICATION, email, expires_at)
    if token is None:
        return False
    url = absolute("users:verify", token)
    publish(VerificationRequested(**_told(user, email, url, expires_at)), key=user.pk)
    return True


def _new_link(user: User, purpose: str, email: str, expires_at: datetime) -> str | None:
    """The token of a new link, the older ones of its purpose ended; None when it is too soon for
    one. The caller holds the user's row."""
    now = timezone.now()
    links = Link.objects.filter(user=user, purpose=purpose)
    links.filter(created_at__lt=now - timedelta(days=1), expires_at__lt=now).delete()
    of_a_day = links.filter(created_at__gt=now - timedelta(days=1))
    same = of_a_day.filter(email=email, created_at__gt=now - PAUSE)
    if of_a_day.count() >= MAX_A_DAY or same.exists():
        return None
    links.filter(used_at=None).update(used_at=now)
    token = token_urlsafe(32)  # 256 bits
    Link.objects.create(
        user=user, purpose=purpose, email=email, digest=digest_of(token), expires_at=expires_at
    )
    return token


def _told(user: User, email: str, url: str, expires_at: datetime) -> dict[str, Any]:
    return {
        "user_id": user.pk,
        "subject": str(user.pk),
        "email": email,
        "name": user.name,
        "url": url,
        "expires_at": expires_at,
    }
