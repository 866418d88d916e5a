"""What the gateway tells by itself: the body of a webhook, written here and read in webhooks.py."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from uuid_utils.compat import uuid7

from apps.payments.events import WebhookDue
from apps.payments.models import GatewayCharge, GatewayRefund, GatewayWebhook
from eventbus import publish

PROCESSING = 1  # the version in which every charge that is told of later begins


def tell_later(told: GatewayCharge | GatewayRefund, versions: tuple[int, ...]) -> None:
    """Queue a webhook for each of the versions, to be sent in that order, the first after
    GATEWAY_WEBHOOK_SECONDS; one that is named twice is sent twice. In the caller's transaction."""
    first = timezone.now() + timedelta(seconds=settings.GATEWAY_WEBHOOK_SECONDS)
    queued = {version: _queue(told, version) for version in versions}
    for number, version in enumerate(versions):
        _send(queued[version], told, at=first + timedelta(seconds=number))


def tell_now(charge: GatewayCharge) -> None:
    """Queue a webhook for what the charge has just become. In the caller's transaction."""
    _send(_queue(charge, charge.version), charge, at=None)


@transaction.atomic
def take(webhook_id: UUID) -> str:
    """The body to send. From now on the gateway also answers what the webhook says."""
    webhook = GatewayWebhook.objects.get(pk=webhook_id)
    GatewayWebhook.objects.filter(pk=webhook_id).update(sent=F("sent") + 1)
    for model in (GatewayCharge, GatewayRefund):
        silent = model.objects.filter(key=webhook.key, version=webhook.version, told=False)
        silent.update(told=True)
    return webhook.body


def _queue(told: GatewayCharge | GatewayRefund, version: int) -> UUID:
    webhook_id = uuid7()
    facts = _charge(told, version) if isinstance(told, GatewayCharge) else _refund(told, version)
    body = {
        "id": f"evt_{webhook_id.hex}",
        "created": timezone.now().isoformat(),
        "object": {"key": told.key, "version": version, **facts},
    }
    GatewayWebhook.objects.create(
        pk=webhook_id, key=told.key, version=version, body=json.dumps(body)
    )
    return webhook_id


def _send(webhook_id: UUID, told: GatewayCharge | GatewayRefund, *, at: datetime | None) -> None:
    """The bus is the gateway's clock and its queue: a webhook is an event of its own."""
    publish(WebhookDue(webhook_id=webhook_id), key=told.reference or told.key, at=at)


def _charge(charge: GatewayCharge, version: int) -> dict[str, Any]:
    if version < charge.version:
        return {"kind": "charge", "status": "processing"}
    facts = {"kind": "charge", "status": charge.status, "charge": str(charge.pk)}
    return facts | {"code": charge.code, "decline_code": charge.decline_code}


def _refund(refund: GatewayRefund, version: int) -> dict[str, Any]:
    if version < refund.version:
        return {"kind": "refund", "status": "processing"}
    return {"kind": "refund", "status": refund.status, "message": refund.message}
