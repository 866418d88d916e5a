"""Health and readiness; and a Redis that is gone."""

from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.test import Client

from eventbus import thread
from shop import draining, health
from shop.settings import redis_cache

DEAD_REDIS = "redis://127.0.0.1:1/0"  # nothing listens there


@pytest.fixture
def dead_redis(settings: Any) -> None:
    settings.CACHES = {"default": redis_cache(DEAD_REDIS)}


def test_alive_asks_nothing_of_the_database(client: Client) -> None:
    response = client.get("/healthz")  # without the mark django_db a query raises
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_everything_answers(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {
        "ready": True,
        "checks": {"database": "ok", "migrations": "ok", "cache": "ok", "bus": "elsewhere"},
    }


@pytest.mark.django_db
def test_a_database_that_is_gone_is_a_reason(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> str:
        raise OperationalError("connection to postgres://user:secret@host refused")

    monkeypatch.setattr(health, "database", gone)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "failed: OperationalError"
    assert response.json()["checks"]["migrations"] == health.UNASKED
    assert b"secret" not in response.content


@pytest.fixture
def attempts(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """One entry for each time that a connection to the database was sought in vain."""
    sought: list[Any] = []

    def silent(parameters: Any) -> None:
        sought.append(parameters)
        raise OperationalError("connection timeout expired")

    connection.close()
    monkeypatch.setattr(connection, "get_new_connection", silent)
    return sought


ADDRESSES = ["/readyz", "/products/", "/cart/", "/users/login/", "/admin/", "/api/v1/cart/"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_request_waits_once_for_a_database_that_is_silent(
    address: str, attempts: list[Any]
) -> None:
    client = Client(headers={"Cart-Token": "a" * 43}, raise_request_exception=False)
    client.cookies["shop_session"] = "of-somebody"
    assert client.get(address).status_code == 503
    assert len(attempts) == 1


def test_a_process_that_is_about_to_end_is_not_ready_and_lives(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "_begun", bytearray(1))
    draining.begin()
    response = client.get("/readyz")
    assert (response.status_code, response.json()["ready"]) == (503, False)
    assert response.headers["Connection"] == "close"
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_a_migration_that_is_missing_is_a_reason(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [("one", False)]
    monkeypatch.setattr(health.MigrationExecutor, "migration_plan", lambda *_: plan)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"]["migrations"] == "1 not applied: run manage.py migrate"


@pytest.mark.django_db
@pytest.mark.parametrize(("alive", "status"), [(True, 200), (False, 503)])
def test_the_bus_must_run_where_it_runs_in_a_thread(
    client: Client, monkeypatch: pytest.MonkeyPatch, settings: Any, alive: bool, status: int
) -> None:
    settings.EVENTBUS = settings.EVENTBUS | {"mode": "thread"}
    monkeypatch.setattr(thread, "is_alive", lambda: alive)
    response = client.get("/readyz")
    assert response.status_code == status
    assert response.json()["checks"]["bus"] == ("ok" if alive else "the bus's thread does not run")


@pytest.mark.django_db
@pytest.mark.usefixtures("dead_redis")
def test_a_cache_that_is_gone_is_noted_and_nothing_is_refused(client: Client) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["checks"]["cache"] == "degraded: the cache does not answer"


@pytest.mark.django_db
@pytest.mark.usefixtures("dead_redis")
def test_a_session_outlives_redis(client: Client) -> None:
    session = client.session
    session["basket"] = "kept"
    session.save()
    assert cache.get("anything") is None
    assert client.session["basket"] == "kept"
    assert client.get("/admin/login/").status_code == 200
