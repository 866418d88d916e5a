"""How often a client may try passwords and have mails sent.

Counted in the cache, or by each process while Redis is gone. A client that is refused on a
page is refused by the API too. Rates are DEFAULT_THROTTLE_RATES, by scope.
"""

from hashlib import sha256
from math import ceil
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from apps.users.models import normal


class SignInThrottle(SimpleRateThrottle):
    """Tries of passwords, by address of the client, even when signed in: a session must not buy
    more guesses."""

    scope = "sign-in"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class AccountThrottle(SimpleRateThrottle):
    """Tries of passwords for one account from anywhere, whether there is such an account or not.

    A stranger who spends them all keeps its owner out for a while, but not from setting a new
    password by mail, which gives the tries back.
    """

    scope = "sign-in-account"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        email = self.email_of(request)
        return self._key(email) if email else None  # without one there is nothing to guess

    def email_of(self, request: Request | HttpRequest) -> str:
        """As it was typed: "email" in the API's JSON, "username" in the page's form."""
        sent = getattr(request, "data", request.POST)
        typed = (sent.get("email") or sent.get("username")) if hasattr(sent, "get") else ""
        return str(typed or "")

    def _key(self, email: str) -> str:
        ident = sha256(normal(email).encode(errors="replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}

    @classmethod
    def forget(cls, *, email: str) -> None:
        """Give the account its tries back."""
        cls.cache.delete(cls()._key(email))


class OwnAccountThrottle(AccountThrottle):
    """The same for somebody who is signed in and types the password again."""

    def email_of(self, request: Request | HttpRequest) -> str:
        return str(getattr(request.user, "email", ""))


class MailThrottle(SignInThrottle):
    """Mails that a client has sent to addresses: signing up, links, new passwords."""

    scope = "account-mail"


SIGNING_IN = (SignInThrottle, AccountThrottle)
PASSWORD_AGAIN = (SignInThrottle, OwnAccountThrottle)


def told_to_wait(request: HttpRequest, *kinds: type[SimpleRateThrottle]) -> HttpResponse | None:
    """For a page: None when the request may go on, which is counted; else a page with the time to
    wait, 429 and Retry-After."""
    for kind in kinds:
        throttle = kind()
        if not throttle.allow_request(request, None):  # type: ignore[arg-type]
            return _wait(request, ceil(throttle.wait() or 1))
    return None


def _wait(request: HttpRequest, seconds: int) -> HttpResponse:
    response = render(request, "users/too_many.html", {"minutes": -(-seconds // 60)}, status=429)
    response["Retry-After"] = str(seconds)
    return response
