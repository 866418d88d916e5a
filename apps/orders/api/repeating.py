"""Idempotency-Key: the same request again gets the same answer."""

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from apps.orders import operations
from apps.orders.api.problems import KeyMissing, Refused
from apps.orders.operations import Answer
from apps.orders.refusals import Refusal


def answered(
    request: Request, *, owner: str, act: Callable[[], Answer], needed: bool = False
) -> Answer:
    """What `act` answers, or what it answered to the same key of the same owner before; without a
    key, unless it is `needed`, each request acts. A refusal is raised as a problem."""
    if not needed and "Idempotency-Key" not in request.headers:
        return _or_refused(act)
    key = _key(request)
    return _or_refused(
        lambda: operations.answer_once(
            owner=owner,
            request=f"{request.method} {request.path}",
            key=key,
            fingerprint=_fingerprint(request.data),
            act=act,
        )
    )


def respond(answer: Answer, body: dict[str, Any]) -> Response:
    """The answer as a response, which says whether it was given before."""
    response = Response(body, status=answer.status)
    if answer.replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def _or_refused(act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except Refusal as refusal:
        raise Refused(refusal) from refusal


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        raise KeyMissing
    return str(key)


def _fingerprint(body: Any) -> str:
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()
