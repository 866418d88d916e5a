"""Idempotency-Key: a repeated request gets the first one's answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction

from apps.orders.models import IdempotencyKey
from apps.orders.refusals import KeyReused


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a request was answered."""

    status: int
    body: dict[str, Any]
    replayed: bool = False


@transaction.atomic
def answer_once(
    *, owner: str, request: str, key: str, fingerprint: str, act: Callable[[], Answer]
) -> Answer:
    """Do `act` and keep its answer in the same commit; the same key again gets the kept answer.

    A request that arrives while the first one runs waits for it. When `act` raises, nothing is
    kept, so that the same key may try again. Raises KeyReused when the key came with another body.
    """
    mine = {"owner": owner, "request": request, "key": key}
    row = IdempotencyKey(**mine, fingerprint=fingerprint, status=0, body={})
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _kept(IdempotencyKey.objects.get(**mine), fingerprint)
    answer = act()
    row.status, row.body = answer.status, answer.body
    row.save(update_fields=["status", "body"])
    return answer


def _kept(row: IdempotencyKey, fingerprint: str) -> Answer:
    if row.fingerprint != fingerprint:
        raise KeyReused
    return Answer(status=row.status, body=row.body, replayed=True)
