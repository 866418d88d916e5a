"""What differs between databases, behind one interface: SQLite and PostgreSQL."""

from django.db import connections

from eventbus import conf
from eventbus.engines.base import Claim, Engine
from eventbus.errors import BadDeclaration

__all__ = ["Claim", "Engine", "engine"]


def engine() -> Engine:
    """The engine of the bus's database, on this thread's connection."""
    connection = connections[conf.get("database")]
    known: Engine | None = getattr(connection, "eventbus_engine", None)
    if known is None:
        known = connection.eventbus_engine = _class(connection.vendor)(connection)  # type: ignore[attr-defined]
    return known


def _class(vendor: str) -> type[Engine]:
    if vendor == "sqlite":
        from eventbus.engines.sqlite import SqliteEngine

        return SqliteEngine
    if vendor == "postgresql":
        from eventbus.engines.postgresql import PostgresqlEngine

        return PostgresqlEngine
    raise BadDeclaration(f"The bus runs on SQLite and PostgreSQL, not on {vendor}.")
