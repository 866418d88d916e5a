"""Publishing: one INSERT in the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone
from uuid_utils.compat import uuid7

from eventbus import tracing, writing
from eventbus.contract import contract_of
from eventbus.engines import engine
from eventbus.envelope import Envelope
from eventbus.errors import NotInTransaction
from eventbus.handling import current
from eventbus.schema import encode
from eventbus.shards import shard_of

# Of the log's columns; PostgreSQL would break the transaction, SQLite not care.
KEY_LENGTH = 128
SUBJECT_LENGTH = 128


def publish(
    fact: object, *, key: object, at: datetime | None = None, cause: Envelope | None = None
) -> UUID:
    """Record that `fact` happened, in the transaction that made it true; returns the event's id.

    `key` is the aggregate's id: events of one source and key are handled in publish order, if
    their publishers change the aggregate's row first and publish second. With `at` the event
    takes its place in the log when that time has come (database time), in no order with others.
    `cause` is needed only in a batch handler that publishes under another key than its events'.

    Raises NotInTransaction outside `transaction.atomic()` of the bus's database, NotAnEvent,
    AmbiguousCause, TypeError when a field holds another type than declared or `at` has no zone, and
    ValueError when the key is no text of 1 to 128 characters without NUL, or the subject longer;
    nothing is then published.
    """
    bus = engine()
    if not bus.connection.in_atomic_block:
        raise NotInTransaction
    if at is not None and at.tzinfo is None:
        raise TypeError("a time without a zone")
    body = _body(fact, str(key), cause)
    run = current()
    if run and run.muted is not None:
        run.muted[f"published {body['name']}"] += 1
    else:
        writing.write(bus, body, at)
    return body["event_id"]  # type: ignore[no-any-return]


def unschedule(name: str, *keys: object) -> int:
    """Take back the scheduled events of `name` and these keys that are not in the log yet, in one
    statement; says how many. One that is already being promoted stays: handlers of scheduled
    events are guarded."""
    run = current()
    if run and run.muted is not None:
        return 0
    return writing.take_back(engine(), name, [str(key) for key in keys])


def _body(fact: object, key: str, cause: Envelope | None) -> dict[str, Any]:
    contract = contract_of(fact)
    if not 0 < len(key) <= KEY_LENGTH or "\0" in key:
        raise ValueError(f"A key of 1 to {KEY_LENGTH} characters is needed, not {key!r:.50}")
    payload = encode(fact)
    about = payload[contract.subject] if contract.subject else None
    subject = "" if about is None else str(about)
    if len(subject) > SUBJECT_LENGTH or "\0" in subject:
        raise ValueError(f"A subject of at most {SUBJECT_LENGTH} characters is needed")
    run = current()
    if run:
        cause = run.cause(key, cause)
        event_id = run.next_event_id(cause)
        headers = tracing.caused_by(cause, event_id)
    else:
        event_id = uuid7()
        headers = tracing.begun(event_id)
    return {
        "event_id": event_id,
        "name": contract.name,
        "version": contract.version,
        "source": contract.source,
        "key": key,
        "shard": shard_of(key),
        "payload": payload,
        "headers": headers,
        "subject": subject,
        "occurred_at": timezone.now(),
    }
