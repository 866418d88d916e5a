"""System checks of the catalogue."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections

from apps.products.search import postgresql

NO_TRIGRAMS = Warning(
    "The database has no extension pg_trgm: search understands fewer misspelt words.",
    hint="As a superuser of the database: CREATE EXTENSION pg_trgm; then rebuild_listings.",
    id="products.W001",
)


@register(Tags.database)
def check_trigrams(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """PostgreSQL can find words that look alike."""
    if "default" not in (databases or ()) or connections["default"].vendor != "postgresql":
        return []
    missing = postgresql.is_migrated() and not postgresql.has_trigrams()
    return [NO_TRIGRAMS] if missing else []
