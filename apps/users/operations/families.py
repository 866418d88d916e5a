"""Sign-ins of API clients: families of refresh tokens."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.tokens import RefreshToken

from apps.users import tokens
from apps.users.models import TokenFamily, User
from apps.users.tokens import Presented, TokenRefused, Tokens

# Tabs of one client refresh at the same moment. The losers are told to take the winner's token;
# the same token seen later is in a second pair of hands.
ROTATION_GRACE = timedelta(seconds=10)


@transaction.atomic
def start_family(*, user: User) -> Tokens:
    """The first tokens of a sign-in; forgets the user's sign-ins that have expired."""
    now = timezone.now()
    TokenFamily.objects.filter(user=user, expires_at__lt=now).delete()
    refresh = tokens.new_refresh()
    family = TokenFamily.objects.create(
        user=user,
        current=refresh["jti"],
        password_mark=user.get_session_auth_hash(),
        expires_at=_expiry(refresh),
    )
    return tokens.sign(refresh, user=user, family=family.pk)


def rotate_tokens(*, refresh: str) -> Tokens:
    """Trade a refresh token for the next pair, once: of parallel calls exactly one succeeds.

    Raises TokenRefused when it is not good any more. A token that was traded longer than
    ROTATION_GRACE ago has leaked or been copied: its whole family is then revoked.
    """
    pair = _rotate(tokens.read(refresh))
    if pair is None:
        raise TokenRefused  # outside the transaction, so that a revocation stays
    return pair


@transaction.atomic
def _rotate(presented: Presented) -> Tokens | None:
    now, successor = timezone.now(), tokens.new_refresh()
    current = TokenFamily.objects.filter(
        pk=presented.family, current=presented.jti, revoked_at=None
    )
    won = current.update(
        current=successor["jti"],
        previous=presented.jti,
        rotated_at=now,
        expires_at=_expiry(successor),
    )
    if not won:
        _revoke_if_stolen(presented, now)
        return None
    family = TokenFamily.objects.select_related("user").get(pk=presented.family)
    if not family.user.is_active or family.password_mark != family.user.get_session_auth_hash():
        revoke_family(family_id=family.pk)
        return None
    return tokens.sign(successor, user=family.user, family=family.pk)


def _revoke_if_stolen(presented: Presented, now: datetime) -> None:
    a_parallel_tab = TokenFamily.objects.filter(
        pk=presented.family, previous=presented.jti, rotated_at__gt=now - ROTATION_GRACE
    )
    if not a_parallel_tab.exists():
        revoke_family(family_id=presented.family)


def end_family(*, refresh: str) -> None:
    """Sign the client out: no token of its family buys anything any more. Raises TokenRefused
    for what is no valid token; signing out twice is no error."""
    revoke_family(family_id=tokens.read(refresh).family)


@transaction.atomic
def revoke_family(*, family_id: UUID) -> bool:
    """End the sign-in; False when it had ended already."""
    live = TokenFamily.objects.filter(pk=family_id, revoked_at=None)
    return live.update(revoked_at=timezone.now()) == 1


@transaction.atomic
def revoke_families(*, user_id: UUID) -> int:
    """End every sign-in of the user's API clients; says how many there were."""
    live = TokenFamily.objects.filter(user_id=user_id, revoked_at=None)
    return live.update(revoked_at=timezone.now())


def _expiry(refresh: RefreshToken) -> datetime:
    return datetime.fromtimestamp(refresh["exp"], tz=timezone.get_default_timezone())
