"""What the gateway tells by itself, as it is signed and posted."""

import json
from datetime import datetime
from typing import Any

from django.conf import settings as shop
from django.test import Client
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments import webhooks
from apps.payments.models import Payment, ReceivedWebhook, Refund
from eventbus.models import Event

URL = "/api/v1/payments/webhooks/"
PROCESSED = [("requested", 1), ("processed", 1)]


def body_of(key: str | None, *, status: str, version: int = 2, **facts: Any) -> bytes:
    """A charge's news, with an id of its own."""
    told = {"kind": "charge", "key": key, "version": version, "status": status, **facts}
    return json.dumps({"id": f"evt_{uuid7().hex}", "created": "now", "object": told}).encode()


def captured(key: str | None, version: int = 2) -> bytes:
    return body_of(key, status="captured", version=version, charge="ch_1")


def declined(key: str | None, version: int = 2) -> bytes:
    codes = {"code": "card_declined", "decline_code": "generic_decline"}
    return body_of(key, status="declined", version=version, **codes)


def signed(body: bytes, *, key: str = "", at: datetime | None = None) -> str:
    return webhooks.signature(body, key=key or shop.WEBHOOK_KEYS[0], at=at or timezone.now())


def post(client: Client, body: bytes, signature: str | None = None, **more: Any) -> Any:
    header = {webhooks.HEADER: signed(body) if signature is None else signature}
    kind = more.pop("content_type", "application/json")
    return client.post(URL, body, content_type=kind, headers=header)


def world() -> list[Any]:
    """Everything that a webhook may change."""
    tables: list[Any] = [Payment, Refund, ReceivedWebhook]
    return [*(list(table.objects.values()) for table in tables), Event.objects.count()]
