"""What the environment says, read once, and what it has to say before production starts."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

PRODUCTION = env.str("SHOP_ENV", "local") == "production"
DRAIN_SECONDS = env.int("DRAIN_SECONDS", 0)  # read by shop/serve.py, which has no settings
SECRET_LENGTH = 50  # characters; Django's own measure


def secrets(name: str, local: str) -> list[str]:
    """The environment's values, parted by commas; `local` only outside production, where each
    must be long enough to be unguessable. Raises ImproperlyConfigured."""
    values: list[str] = env.str(name, "" if PRODUCTION else local).split(",")
    if PRODUCTION and any(len(value) < SECRET_LENGTH or value == local for value in values):
        raise ImproperlyConfigured(
            f"SHOP_ENV=production needs {name}, a value of its own of {SECRET_LENGTH} characters"
            " or more: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return values


def connect_seconds() -> int:
    """How long to wait for PostgreSQL to take a connection; 2 or more, as libpq makes 2 of 1, and
    for ever of 0. Raises ImproperlyConfigured."""
    waited: int = env.int("DATABASE_CONNECT_SECONDS", 3)
    if waited < 2:
        raise ImproperlyConfigured(f"DATABASE_CONNECT_SECONDS is {waited}, and must be 2 or more.")
    return waited


def time_zone() -> str:
    """The zone of the times that people read, as "Europe/Berlin". Raises ImproperlyConfigured."""
    name: str = env.str("TIME_ZONE", "Europe/Berlin")
    try:
        return ZoneInfo(name).key
    except (LookupError, OSError, ValueError):  # unknown, a folder of zones, no name at all
        raise ImproperlyConfigured(
            f"TIME_ZONE is {name!r}, and must be a zone as Europe/Berlin or UTC."
        ) from None


def redis_cache(url: str) -> dict[str, Any]:
    """A Redis that may hang or go away without a page noticing more than the wait."""
    return {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": url,
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 0.3,  # seconds; a hanging Redis must not hang a page
            "SOCKET_TIMEOUT": 0.3,
            "CONNECTION_POOL_CLASS": "shop.cache.GuardedPool",  # it waits once in five seconds
            "IGNORE_EXCEPTIONS": True,  # Redis gone is slower, never an error
        },
    }
