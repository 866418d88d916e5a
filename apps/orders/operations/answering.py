"""Idempotency-Key: a repeated request gets the first one's answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.orders.models import IdempotencyKey, first_id
from apps.orders.refusals import KeyInFlight, KeyReused

KEPT_FOR = timedelta(days=30)
AT_ONCE = 500  # forgotten in one statement, so that others can write in between


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

    When `act` raises, nothing is kept, so that the same key may try again. Raises KeyReused when
    the key came with another body, and KeyInFlight while the first request is still being answered
    (on SQLite, where one writes at a time, the second waits for it instead).
    """
    mine = {"owner": owner, "request": request, "key": key}
    _ensure_not_in_flight("\n".join(mine.values()))
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


def forget_answers() -> int:
    """Drop some of the answers that are older than KEPT_FOR; says how many."""
    before = first_id(timezone.now() - KEPT_FOR)
    old = IdempotencyKey.objects.filter(pk__lt=before).order_by("pk")
    ids = list(old.values_list("pk", flat=True)[:AT_ONCE])
    return IdempotencyKey.objects.filter(pk__in=ids).delete()[0]


def _ensure_not_in_flight(identity: str) -> None:
    """Its lock is let go at the end of the transaction, whatever that is."""
    if connection.vendor != "postgresql":
        return
    number = int.from_bytes(sha256(identity.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise KeyInFlight


def _kept(row: IdempotencyKey, fingerprint: str) -> Answer:
    if row.fingerprint != fingerprint:
        raise KeyReused
    return Answer(status=row.status, body=row.body, replayed=True)
