"""Following a link that was mailed. Of parallel attempts with one link exactly one succeeds."""

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.users import queries
from apps.users.models import Link, User
from apps.users.operations.accounts import change_password, replace_email
from apps.users.operations.linking import end_links

Purpose = Link.Purpose


class LinkRefused(Exception):
    """This link is not good any more: it was used, has expired, or a newer one was asked for."""


class AddressTaken(Exception):
    """This address belongs to another account, so it cannot become yours."""


@transaction.atomic
def verify_email(*, token: str) -> User:
    """The address that the link went to is shown to be the user's, and becomes it if it was not.

    Raises LinkRefused, and AddressTaken when somebody else signed up with it meanwhile; then
    nothing changed.
    """
    link = _follow(token, Purpose.VERIFICATION)
    if link.email != link.user.email:
        _move(link)
    else:
        User.objects.filter(pk=link.user_id).update(email_verified_at=timezone.now())
        end_links(user_id=link.user_id, purpose=Purpose.VERIFICATION, email=link.email)
    return User.objects.get(pk=link.user_id)


def _move(link: Link) -> None:
    try:
        replace_email(user_id=link.user_id, email=link.email, verified=True)
    except IntegrityError as error:
        if queries.is_taken(email=link.email):
            raise AddressTaken from error
        raise


@transaction.atomic
def reset_password(*, token: str, password: str) -> User:
    """Set the password that its owner has forgotten and end every session and every sign-in of an
    API client. Whoever got the link reads the address's mail, so it counts as verified.

    Raises LinkRefused; then nothing changed.
    """
    link = _follow(token, Purpose.RESET)
    user = change_password(user_id=link.user_id, password=password)
    User.objects.filter(pk=user.pk, email=link.email, email_verified_at=None).update(
        email_verified_at=timezone.now()
    )
    return user


def _follow(token: str, purpose: str) -> Link:
    """The link, used up, and its user's row locked: the order in which all of users lock."""
    found = queries.good_link(token=token, purpose=purpose)
    if found is None:
        raise LinkRefused
    user = User.objects.select_for_update().get(pk=found.user_id)
    now = timezone.now()
    good = Link.objects.filter(pk=found.pk, used_at=None, expires_at__gt=now)
    if not user.is_active or not good.update(used_at=now):
        raise LinkRefused
    found.user = user
    return found
