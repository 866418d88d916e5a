"""Who a cart belongs to: somebody signed in, or whoever holds a cart token."""

import re
import secrets
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from apps.cart import operations, queries

COOKIE = "cart_token"
DELIVERY = "cart_delivery"  # where to and how, as the shopper chose last
HEADER = "Cart-Token"
COOKIE_AGE = 30 * 24 * 3600  # seconds: an anonymous cart's lifetime
OURS = re.compile(r"[\w-]{43}", re.ASCII)  # as token_urlsafe(32) makes them

type AnyRequest = HttpRequest | Request


def token_in(request: AnyRequest) -> str | None:
    """The cart token that came with the request, if it can be one of ours: a token that somebody
    made up would be guessable, so nothing is ever put into its cart."""
    token = request.headers.get(HEADER) or request.COOKIES.get(COOKIE)
    return token if token and OURS.fullmatch(token) else None


def owner_of(token: str) -> str:
    """The owner that a cart token stands for."""
    return f"cart:{sha256(token.encode()).hexdigest()}"


def owner(request: AnyRequest) -> str | None:
    """Whose cart the request is about, if anybody's. Somebody signed in who still carries the
    token of an anonymous cart gets it as their own; `notices` then says what they got less of."""
    known: str | None = request.get_owner()  # type: ignore[union-attr]
    token = token_in(request)
    if known is None or not known.startswith("user:"):
        return owner_of(token) if token else None
    if token and queries.has_carts(owner_of(token)):
        less = operations.claim_carts(anonymous=owner_of(token), owner=known)
        request.cart_notices = [put.told for put in less]  # type: ignore[union-attr]
    return known


def notices(request: AnyRequest) -> list[str]:
    """What the shopper should hear of, after `owner` has been asked."""
    return getattr(request, "cart_notices", [])


def owners(request: AnyRequest) -> list[str]:
    """The same without changing anything: all whose carts the shopper would see as one."""
    known: str | None = request.get_owner()  # type: ignore[union-attr]
    token = token_in(request)
    mine = {known} if known and known.startswith("user:") else set()
    return sorted(mine | ({owner_of(token)} if token else set()))


def owner_or_new(request: AnyRequest) -> tuple[str, str | None]:
    """Whose cart to fill, and the token to hand out when it is somebody new."""
    if known := owner(request):
        return known, None
    token = secrets.token_urlsafe(32)
    return owner_of(token), token


def remember(request: HttpRequest, response: HttpResponse, token: str | None) -> None:
    """Keep the cookie in step: hand out a new token, renew a guest's, so that it lasts as long as
    their cart does, and take back one whose cart was claimed."""
    ours = COOKIE in request.COOKIES and token_in(request) == request.COOKIES[COOKIE]
    if request.user.is_authenticated and COOKIE in request.COOKIES:
        response.delete_cookie(COOKIE, samesite="Lax")
    elif keep := token or (request.COOKIES[COOKIE] if ours else None):
        keep_cookie(response, COOKIE, keep)


def keep_cookie(response: HttpResponse, name: str, value: str) -> None:
    """For as long as a guest's cart lasts, out of the reach of scripts and of other sites."""
    response.set_cookie(
        name,
        value,
        max_age=COOKIE_AGE,
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
