"""Redis that hangs or goes away: it is left alone for a while, and requests are counted here."""

from time import monotonic
from typing import Any

import redis
from django.core.cache import cache
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

REST = 5.0  # seconds that Redis is left alone after it did not answer


class Guard:
    """Of a connection: the first that waits for Redis in vain spares all others the wait, so that
    a page with ten uses of the cache waits once, and the next pages not at all."""

    pool: "GuardedPool"

    def connect_check_health(self, *args: Any, **options: Any) -> Any:
        return self.pool.guarded(super().connect_check_health, *args, **options)  # type: ignore[misc]

    def send_packed_command(self, *args: Any, **options: Any) -> Any:
        return self.pool.guarded(super().send_packed_command, *args, **options)  # type: ignore[misc]

    def read_response(self, *args: Any, **options: Any) -> Any:
        return self.pool.guarded(super().read_response, *args, **options)  # type: ignore[misc]


class GuardedPool(redis.ConnectionPool):
    """A process's connections to one Redis, by whatever kind of socket."""

    def __init__(
        self, connection_class: type[Any] = redis.Connection, *args: Any, **options: Any
    ) -> None:
        self.left_alone_until = 0.0
        guarded = type("Guarded", (Guard, connection_class), {"pool": self})
        super().__init__(guarded, *args, **options)

    def guarded(self, act: Any, *args: Any, **options: Any) -> Any:
        """What `act` gives. Raises redis.ConnectionError at once while Redis is left alone."""
        if monotonic() < self.left_alone_until:
            raise redis.ConnectionError("Redis did not answer a moment ago, and is left alone.")
        try:
            return act(*args, **options)
        except (redis.ConnectionError, redis.TimeoutError):
            self.left_alone_until = monotonic() + REST
            raise


class Counters:
    """Where the API's throttles count: in the cache and, for when it is gone, beside it in this
    process. A limit is then one of each process, but never none."""

    def __init__(self) -> None:
        self.here = LocMemCache("throttles", {"OPTIONS": {"MAX_ENTRIES": 2_000}})

    def get(self, key: str, default: Any = None) -> Any:
        kept = cache.get(key)
        if kept is None and cache.has_key(key) is None:  # no answer is neither yes nor no
            kept = self.here.get(key)
        return default if kept is None else kept

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT) -> None:
        cache.set(key, value, timeout)
        self.here.set(key, value, timeout)

    def delete(self, key: str) -> None:
        cache.delete(key)
        self.here.delete(key)
