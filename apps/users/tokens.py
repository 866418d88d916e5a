"""What the JSON web tokens say. No database here: operations decide who gets one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import RefreshToken

from apps.users.models import User

FAMILY = "family"


class TokenRefused(Exception):
    """The token is not valid, expired, used or revoked: sign in again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What an API client holds: `access` goes with every call, `refresh` buys the next pair."""

    access: str  # 10 minutes (settings.SIMPLE_JWT)
    refresh: str  # 7 days, good once


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A refresh token that somebody holds, its signature and age checked."""

    family: UUID
    jti: str


def new_refresh() -> RefreshToken:
    """A refresh token with an id and an expiry, of nobody yet."""
    return RefreshToken()


def sign(refresh: RefreshToken, *, user: User, family: UUID) -> Tokens:
    """The pair for the user: other contexts read identity and rights from these claims alone."""
    claims: dict[str, Any] = {
        "user_id": str(user.pk),
        "email": user.email,
        "is_staff": user.is_staff,
        FAMILY: str(family),
    }
    refresh.payload.update(claims)
    return Tokens(access=str(refresh.access_token), refresh=str(refresh))


def read(text: str) -> Presented:
    """The refresh token that was presented; raises TokenRefused."""
    try:
        token = RefreshToken(text)  # type: ignore[arg-type]  # its annotation misses encoded ones
        return Presented(family=UUID(token[FAMILY]), jti=token["jti"])
    except (TokenError, KeyError, ValueError) as error:
        raise TokenRefused from error
