"""One moment of the database, however long it is read."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from eventbus import conf


@contextmanager
def snapshot() -> Iterator[None]:
    """Everything that is read within is of one moment, and nothing can be written. Writers are not
    held up. Within a transaction of the caller's it is that one, as isolated as it is."""
    connection = connections[conf.get("database")]
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    with _sqlite(connection) if connection.vendor == "sqlite" else _postgresql(connection):
        yield


@contextmanager
def _postgresql(connection: BaseDatabaseWrapper) -> Iterator[None]:
    with transaction.atomic(using=connection.alias):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


@contextmanager
def _sqlite(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Not IMMEDIATE, as the shop's other transactions are: that is the lock of the one writer."""
    mode = connection.transaction_mode  # type: ignore[attr-defined]
    connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
    try:
        with transaction.atomic(using=connection.alias):
            _query_only(connection, "ON")
            try:
                yield
            finally:
                _query_only(connection, "OFF")
    finally:
        connection.transaction_mode = mode  # type: ignore[attr-defined]


def _query_only(connection: BaseDatabaseWrapper, state: str) -> None:
    # Not by a cursor of Django's, which refuses to do anything after an error.
    connection.connection.execute(f"PRAGMA query_only = {state}")
