"""Whether this process lives (/healthz) and whether it should be sent requests (/readyz)."""

import logging
from collections.abc import Callable
from http import HTTPStatus

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from eventbus import conf, thread
from shop import draining

logger = logging.getLogger("shop.health")
PROBE_SECONDS = 10
UNASKED = "not asked: the database does not answer"


class NotReady(Exception):
    """The reason, for the operator; without secrets, as anybody may read it."""


@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked: a restart would not mend the database."""
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


@never_cache
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when this process can do its work, else 503; each part with its state or its reason.

    A cache that is gone is noted, not refused: everything works without it, slower. A database
    that does not answer is waited for once. A process that is about to end is not ready.
    """
    if draining.has_begun():
        checks = {"server": "draining: it ends in a moment"}
        return JsonResponse({"ready": False, "checks": checks}, status=503)
    parts = {"database": told("database", database)}
    reached = parts["database"][1]
    parts["migrations"] = told("migrations", migrations) if reached else (UNASKED, False)
    parts |= {"cache": told("cache", cache_state), "bus": told("bus", bus)}
    ready = all(fine for _, fine in parts.values())
    states = {name: state for name, (state, _) in parts.items()}
    status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
    return JsonResponse({"ready": ready, "checks": states}, status=status)


def told(name: str, check: Callable[[], str]) -> tuple[str, bool]:
    """What the check says, or the reason that it gives; and whether this process can do its work
    as far as that goes."""
    try:
        return check(), True
    except NotReady as reason:
        return str(reason), False
    except Exception as error:
        logger.exception("the check of %s failed", name)
        return f"failed: {type(error).__name__}", False


def database() -> str:
    """The database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def migrations() -> str:
    """The database has every migration of this code. One that is newer is fine."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        raise NotReady(f"{len(missing)} not applied: run manage.py migrate")
    return "ok"


def cache_state() -> str:
    """Whether the cache keeps what it is given; django-redis hides its errors."""
    cache.set("shop.readyz", "kept", PROBE_SECONDS)
    return "ok" if cache.get("shop.readyz") == "kept" else "degraded: the cache does not answer"


def bus() -> str:
    """In thread mode this process's thread runs; otherwise the bus is another process's work."""
    if conf.get("mode") != "thread":
        return "elsewhere"
    if not thread.is_alive():
        raise NotReady("the bus's thread does not run")
    return "ok"
