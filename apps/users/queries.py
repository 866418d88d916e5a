"""What users asks of its own tables."""

from uuid import UUID

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db.models import QuerySet
from django.utils import timezone

from apps.users.models import Address, Link, User, digest_of, normal


def is_taken(*, email: str) -> bool:
    """Whether somebody signed up with the address, in any case."""
    return User.objects.filter(email=normal(email)).exists()


def user_to_reset(*, email: str) -> UUID | None:
    """Who may be sent a link for a new password to the address: the account is open, and staff
    did not take its password away."""
    users = User.objects.filter(email=normal(email), is_active=True)
    users = users.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return users.values_list("pk", flat=True).first()


def good_link(*, token: str, purpose: str) -> Link | None:
    """The link with that token, if it is good now; with its user."""
    links = Link.objects.select_related("user").filter(digest=digest_of(token), purpose=purpose)
    good = links.filter(used_at=None, expires_at__gt=timezone.now(), user__is_active=True)
    return good.first()


def addresses_of(user_id: UUID) -> QuerySet[Address]:
    """The user's address book, the default first."""
    return Address.objects.filter(user_id=user_id).order_by("-is_default", "created_at", "id")


def default_address_of(user_id: UUID) -> Address | None:
    """The one that the user is offered first, if they chose one."""
    return addresses_of(user_id).filter(is_default=True).first()


def address_of(user_id: UUID, address_id: UUID) -> Address | None:
    """The user's own address of that id."""
    return addresses_of(user_id).filter(pk=address_id).first()


def is_waiting(user_id: UUID, *, email: str) -> bool:
    """Whether a link that shows that the address is the user's is on its way."""
    links = Link.objects.filter(user_id=user_id, purpose=Link.Purpose.VERIFICATION, email=email)
    return links.filter(used_at=None, expires_at__gt=timezone.now()).exists()
