"""A database that is gone, full, or met at the wrong moment: 503 or another try, never 500."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import psycopg.errors
import pytest
from django.contrib.sessions.backends.cached_db import SessionStore
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import Client
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.cart.models import Cart, CartLine
from shop import faults
from shop.tests.factories import ArticleFactory
from shop.tests.shopper import Shopper
from shop.urls import handler400, handler403, handler404, handler500
from shop.urls import urlpatterns as real

__all__ = ["handler400", "handler403", "handler404", "handler500"]


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def of_sqlite(name: str) -> Exception:
    cause = sqlite3.OperationalError("database is locked")
    cause.sqlite_errorname = name
    return caused(OperationalError("database is locked"), cause)


def of_postgresql(kind: type[psycopg.Error]) -> Exception:
    return caused(OperationalError("secret of the server"), kind("secret of the server"))


PASSING = {
    "deadlock": of_postgresql(psycopg.errors.DeadlockDetected),
    "serialization": of_postgresql(psycopg.errors.SerializationFailure),
    "lock-timeout": of_postgresql(psycopg.errors.LockNotAvailable),
    "statement-timeout": of_postgresql(psycopg.errors.QueryCanceled),
    "locked": of_sqlite("SQLITE_BUSY"),
    "snapshot": of_sqlite("SQLITE_BUSY_SNAPSHOT"),
}
GONE = {
    "refused": of_postgresql(psycopg.OperationalError),
    "too-many": of_postgresql(psycopg.errors.TooManyConnections),
    "shut-down": of_postgresql(psycopg.errors.AdminShutdown),
    "disk-full": of_postgresql(psycopg.errors.DiskFull),
    "disk-full-sqlite": of_sqlite("SQLITE_FULL"),
    "closed": InterfaceError("connection already closed"),
    "no-memory": MemoryError(),
}
bodies: list[bytes] = []  # that the views below saw
planned: list[Exception] = []  # what they raise next
write_first = False


def act(body: bytes) -> None:
    bodies.append(body)
    if write_first:
        Cart.objects.create(owner=f"cart:{len(bodies)}")
    if planned:
        raise planned.pop(0)


def page(request: HttpRequest) -> HttpResponse:
    sent = request.POST.get("a")
    act(f"a={sent}".encode())
    return JsonResponse({"a": sent})


def remembering(request: HttpRequest) -> HttpResponse:
    request.session["a"] = 1
    return HttpResponse("ok")


class Resource(APIView):
    permission_classes = [AllowAny]

    def post(self, request: Request) -> Response:
        act(str(request.data).encode())
        return Response(request.data)


urlpatterns = [
    path("failing/", page),
    path("remembering/", remembering),
    path("api/failing/", Resource.as_view()),
    *real,
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(faults, "PAUSE", 0)
    bodies.clear()
    planned.clear()
    yield
    planned.clear()


def refused(response: Any) -> str:
    """The text of an answer that is 503 as it should be."""
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "5"
    assert response.headers["Cache-Control"] == "no-store"
    text: str = response.content.decode()
    assert "secret" not in text
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize("name", sorted(GONE))
@pytest.mark.parametrize("debug", [False, True])
def test_a_database_that_is_gone_is_asked_once_and_told_kindly(
    settings: Any, name: str, debug: bool
) -> None:
    settings.DEBUG = debug
    planned.extend([GONE[name]] * 2)
    assert "Nothing is lost" in refused(Client().get("/failing/"))
    response = Client().post("/api/failing/", {}, content_type="application/json")
    refused(response)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "unavailable"
    assert len(bodies) == 2


@pytest.mark.parametrize("name", sorted(PASSING))
def test_what_passes_is_tried_again_with_the_same_body(name: str) -> None:
    planned.extend([PASSING[name]] * 3)
    response = Client().post("/api/failing/", {"a": 1}, content_type="application/json")
    assert (response.status_code, response.json()) == (200, {"a": 1})
    assert bodies == [b"{'a': 1}"] * 4
    planned.append(PASSING[name])
    form = Client().post("/failing/", "a=2", content_type="application/x-www-form-urlencoded")
    assert form.json() == {"a": "2"}
    assert bodies[4:] == [b"a=2"] * 2


def test_what_does_not_pass_is_tried_four_times_and_no_more() -> None:
    planned.extend([PASSING["deadlock"]] * 9)
    refused(Client().get("/failing/"))
    assert len(bodies) == 4


def test_nothing_is_begun_again_once_patience_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "PATIENCE", 0)
    planned.append(PASSING["locked"])
    refused(Client().get("/failing/"))
    assert len(bodies) == 1


def test_an_upload_of_files_is_not_kept_to_be_sent_again() -> None:
    planned.append(PASSING["locked"])
    refused(Client().post("/failing/", {"a": 1}))  # multipart
    assert len(bodies) == 1


@pytest.mark.django_db(transaction=True)
def test_what_has_been_committed_is_not_done_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "write_first", True)
    planned.append(PASSING["deadlock"])
    refused(Client().get("/failing/"))
    assert Cart.objects.count() == len(bodies) == 1


@pytest.mark.django_db(transaction=True)
def test_a_session_that_cannot_be_saved_is_503_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is met outside the views, where Django would answer 500."""

    def fail(*args: Any, **options: Any) -> None:
        raise OperationalError("secret")

    monkeypatch.setattr(SessionStore, "save", fail)
    refused(Client(raise_request_exception=False).get("/remembering/"))


@pytest.mark.engine("sqlite")
@pytest.mark.django_db(transaction=True)
def test_a_table_that_is_missing_is_a_fault_of_ours() -> None:
    with pytest.raises(OperationalError) as raised, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM nowhere")
    assert not faults.is_unusable(raised.value)


@pytest.mark.django_db(transaction=True)
def test_a_line_is_added_once_though_the_commit_failed_at_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sku, ada = ArticleFactory(units=5), Shopper()
    fails = [PASSING["serialization"]] * 2
    commit = connection._commit

    def failing() -> None:
        if fails:
            raise fails.pop()
        commit()

    monkeypatch.setattr(connection, "_commit", failing)
    ada.add(sku)
    assert fails == []
    assert CartLine.objects.values_list("sku", "quantity").get() == (sku, 1)


@pytest.mark.engine("postgresql")
@pytest.mark.django_db(transaction=True)
def test_two_requests_that_lock_crosswise_both_go_through() -> None:
    """A deadlock as the server finds it."""
    import threading

    from django.db import connections

    first, second = (Cart.objects.create(owner=f"cart:{n}") for n in "ab")
    barrier = threading.Barrier(2)

    def cross(order: list[Any]) -> faults.Answer:
        tries: list[int] = []

        def answer(request: HttpRequest) -> HttpResponse:
            tries.append(1)
            try:
                with transaction.atomic():
                    Cart.objects.select_for_update().get(pk=order[0])
                    if len(tries) == 1:
                        barrier.wait(10)
                    Cart.objects.select_for_update().get(pk=order[1])
                    Cart.objects.filter(pk__in=order).update(version=9)
            except OperationalError as error:
                return faults.unavailable(request, error)
            return HttpResponse(str(len(tries)))

        return answer

    told: list[str] = []

    def run(order: list[Any]) -> None:
        request = Client().request().wsgi_request
        told.append(faults.FaultsMiddleware(cross(order))(request).content.decode())
        connections.close_all()

    orders = [[first.pk, second.pk], [second.pk, first.pk]]
    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(told) == ["1", "2"]
