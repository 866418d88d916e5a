"""Who asks, as far as the catalogue cares."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac
from rest_framework.throttling import SimpleRateThrottle

from apps.products import queries
from apps.products.leaving import leave_url


def customer_of(request: Any) -> UUID | None:
    """The id of whoever is signed in, by page or API; None for others (and where users have other
    ids than ours)."""
    kind, _, value = (request.get_owner() or "").partition(":")
    try:
        return UUID(value) if kind == "user" else None
    except ValueError:
        return None


def subject_of(*, customer_id: UUID | None, email: str) -> str:
    """Whose personal data it is: the customer's id, or for guests a keyed hash of the e-mail, made
    as orders make it, so that whoever is erased is erased everywhere."""
    if customer_id is not None:
        return str(customer_id)
    secret = settings.QUOTE_KEYS[0]
    mac = salted_hmac("orders.subject.v1", email.lower(), secret=secret, algorithm="sha256")
    return mac.hexdigest()


def waiting_of(request: Any, sku: str) -> dict[str, str]:
    """What the form has to know: the address of whoever is signed in, and if that waits for the
    article, the way to leave."""
    email = getattr(request.user, "email", "")
    if not email:
        return {}
    mine = queries.waits(sku=sku, email=email)
    return {"email": email, "leave": leave_url(waiting_id=mine) if mine else ""}


class WaitThrottle(SimpleRateThrottle):
    """Addresses put on the waiting list, by address of the client: DEFAULT_THROTTLE_RATES["waiting"]."""

    scope = "waiting"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


class ReviewThrottle(SimpleRateThrottle):
    """One allowance for page and API together, by customer: DEFAULT_THROTTLE_RATES["reviews"]."""

    scope = "reviews"

    def get_cache_key(self, request: Any, view: Any) -> str | None:
        customer = customer_of(request)
        if customer is None:
            return None
        return self.cache_format % {"scope": self.scope, "ident": customer}
