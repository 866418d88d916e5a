"""How often a client may try passwords."""

from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView


class SignInThrottle(ScopedRateThrottle):
    """One allowance for page and API together, by address of the client.

    The rate is DEFAULT_THROTTLE_RATES["sign-in"]. Counted in the cache: where that is gone,
    signing in still works.
    """

    scope = "sign-in"

    def allow_request(self, request: Request, view: APIView) -> bool:
        view.throttle_scope = self.scope  # type: ignore[attr-defined]
        return super().allow_request(request, view)

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """By address even when signed in: a session must not buy more guesses."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
