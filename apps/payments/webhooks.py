"""What the gateway tells by itself: signed, counted once, and in whatever order it comes.

The header is "t=<seconds since 1970>,v1=<hex>[,v1=<hex>]": each v1 is the HMAC-SHA256 of
"<t>.<body>" under one of WEBHOOK_KEYS. Whoever sends signs with the first; all of them verify, so
a key is changed by putting the new one in front and dropping the old one later.
"""

import hmac
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.utils import timezone

from apps.payments import operations
from apps.payments.gateway import (
    ActionRequired,
    Cancelled,
    Captured,
    Declined,
    Done,
    Pending,
    Refused,
)
from apps.payments.operations import Notice
from eventbus import payload
from eventbus.errors import Unreadable
from eventbus.schema import decode

HEADER = "Webhook-Signature"
TOLERANCE = timedelta(minutes=5)  # between the sender's clock and ours; older is a replay
SIGNATURE = re.compile(r"t=([0-9]{1,12})((?:,v1=[0-9a-f]{64}){1,5})")
NAME = re.compile(r"[!-~]{1,64}")


class WebhookRefused(Exception):
    """The message is not taken: nothing has changed."""

    code = ""


class Forged(WebhookRefused):
    """The signature is missing, or none of our keys made it for this body."""

    code = "webhook_signature"


class Stale(WebhookRefused):
    """The signature is more than five minutes old, or of the future."""

    code = "webhook_stale"


class Malformed(WebhookRefused):
    """The body is no message that we can read."""

    code = "webhook_malformed"


@payload
class Told:
    """The charge or refund that the gateway tells of."""

    kind: str
    key: str
    version: int
    status: str
    charge: str = ""
    code: str = ""
    decline_code: str = ""
    message: str = ""
    challenge: str = ""
    expires_at: datetime | None = None


@payload
class Body:
    """A webhook as it is sent."""

    id: str
    object: Told


def signature(body: bytes, *, key: str, at: datetime) -> str:
    """The header that goes with the body."""
    stamp = str(int(at.timestamp()))
    return f"t={stamp},v1={_mac(key, stamp, body)}"


def receive(*, body: bytes, signature: str) -> str:
    """Take what the gateway tells; says what it was: "recorded", "ignored", "unknown", or
    "duplicate" of one that came before. Raises Forged, Stale and Malformed."""
    _verify(body, signature)
    return operations.record_webhook(_read(body))


def _verify(body: bytes, header: str) -> None:
    match = SIGNATURE.fullmatch(header)
    if match is None:
        raise Forged
    stamp, given = match[1], re.findall(r"v1=([0-9a-f]{64})", match[2])
    made = [_mac(key, stamp, body) for key in settings.WEBHOOK_KEYS]
    # All of them are compared: the time it takes tells nothing.
    if not any([hmac.compare_digest(one, other) for one in made for other in given]):  # noqa: C419
        raise Forged
    if abs(timezone.now().timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise Stale


def _mac(key: str, stamp: str, body: bytes) -> str:
    return hmac.new(key.encode(), f"{stamp}.".encode() + body, sha256).hexdigest()


def _read(body: bytes) -> Notice:
    try:
        read: Body = decode(Body, json.loads(body))
        told = read.object
        if not NAME.fullmatch(read.id) or not NAME.fullmatch(told.key):
            raise Malformed
        if not 0 < told.version < 2**31:
            raise Malformed
        return Notice(
            event_id=read.id,
            kind=told.kind,
            key=told.key,
            status=told.status,
            version=told.version,
            says=_outcome(told),
        )
    except (ValueError, RecursionError, Unreadable, KeyError) as error:
        raise Malformed from error


def _outcome(told: Told) -> Any:
    """What is told in the port's words; raises KeyError for a word that is not known."""
    version = told.version
    charge = {
        "processing": lambda: Pending(version=version),
        "captured": lambda: Captured(charge=_name(told.charge), version=version),
        "cancelled": lambda: Cancelled(version=version),
        "declined": lambda: Declined(
            code=_name(told.code), decline_code=told.decline_code and _name(told.decline_code),
            version=version,
        ),
        "challenged": lambda: ActionRequired(
            challenge=_name(told.challenge), expires_at=_time(told.expires_at), version=version
        ),
    }  # fmt: skip
    refund = {
        "processing": lambda: Pending(version=version),
        "done": lambda: Done(version=version),
        "failed": lambda: Refused(message=_words(told.message), version=version),
    }
    words: dict[str, dict[str, Callable[[], Any]]] = {"charge": charge, "refund": refund}
    return words[told.kind][told.status]()


def _name(text: str) -> str:
    if not re.fullmatch(r"[!-~]{1,40}", text):
        raise ValueError("no name")
    return text


def _words(text: str) -> str:
    if not text.isprintable():
        raise ValueError("no words")
    return text[:200]


def _time(at: datetime | None) -> datetime:
    if at is None:
        raise ValueError("no time")
    return at
