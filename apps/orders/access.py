"""Who may see an order: its owner, or whoever holds its access token (guests get it by mail)."""

from base64 import urlsafe_b64encode
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


def owner_of(request: Any) -> str | None:
    """Who asks, as the gateway tells of every request (a page's or the API's): "user:<id>",
    "cart:<sha256 of the cart token>" or None."""
    owner: str | None = request.get_owner()
    return owner


def customer_of(owner: str) -> UUID | None:
    """The customer's id; None for guests (and where users have other ids than ours)."""
    kind, _, value = owner.partition(":")
    try:
        return UUID(value) if kind == "user" else None
    except ValueError:
        return None


def access_token(order_id: UUID, *, key: str | None = None) -> str:
    """The order's token: 256 bits derived from its id by QUOTE_KEYS (the first one signs)."""
    secret = key or settings.QUOTE_KEYS[0]
    mac = salted_hmac("orders.access.v1", str(order_id), secret=secret, algorithm="sha256")
    return urlsafe_b64encode(mac.digest()).rstrip(b"=").decode()


def is_access_token(token: str, *, order_id: UUID) -> bool:
    """Whether one of QUOTE_KEYS made the token for this order."""
    made = (access_token(order_id, key=key) for key in settings.QUOTE_KEYS)
    return any(constant_time_compare(token, one) for one in made)


def subject_of(*, customer_id: UUID | None, email: str) -> str:
    """Whose personal data it is: the customer's id, or for guests a keyed hash of the e-mail."""
    if customer_id is not None:
        return str(customer_id)
    secret = settings.QUOTE_KEYS[0]
    mac = salted_hmac("orders.subject.v1", email.lower(), secret=secret, algorithm="sha256")
    return mac.hexdigest()
