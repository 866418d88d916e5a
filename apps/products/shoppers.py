"""Who asks, as far as the catalogue cares."""

from typing import Any
from uuid import UUID

from rest_framework.throttling import SimpleRateThrottle


def customer_of(request: Any) -> UUID | None:
    """The id of whoever is signed in, by page or API; None for others (and where users have other
    ids than ours)."""
    kind, _, value = (request.get_owner() or "").partition(":")
    try:
        return UUID(value) if kind == "user" else None
    except ValueError:
        return None


class ReviewThrottle(SimpleRateThrottle):
    """One allowance for page and API together, by customer: DEFAULT_THROTTLE_RATES["reviews"]."""

    scope = "reviews"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        customer = customer_of(request)
        if customer is None:
            return None
        return self.cache_format % {"scope": self.scope, "ident": customer}
