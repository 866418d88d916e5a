"""What is answered when the database cannot be used, or memory is short: 503 with Retry-After, a page
to people and a problem to the API's clients. What passes by itself, as a deadlock, is tried again
first."""

import logging
import random
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from shop.api import problem_response

logger = logging.getLogger("shop.faults")

ATTEMPTS = 4
PATIENCE = 5.0  # seconds after which a request is not begun again
PAUSE = 0.05  # seconds at most before the second attempt; twice as long before each further one
RETRY_AFTER = 5  # seconds; a PostgreSQL that was killed is back in less
PASSING = {  # SQLSTATE
    "40001",  # serialization failure
    "40P01",  # deadlock
    "55P03",  # lock timeout
    "57014",  # statement timeout
}
LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED")
UNUSABLE = (*LOCKED, "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")
FORMS = {"application/json", "application/x-www-form-urlencoded"}
NO_WRITES = ("SELECT", "BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "SET", "PRAGMA")
Answer = Callable[[HttpRequest], HttpResponse]


def is_unusable(error: BaseException | None) -> bool:
    """Whether the database cannot be used now, or not for this, or this process has no memory
    left; no fault of the code.

    SQLite calls a missing table an OperationalError too; that one is.
    """
    if isinstance(error, InterfaceError | MemoryError):
        return True
    if not isinstance(error, OperationalError):
        return False
    name = _sqlite_name(error)
    return name is None or name.startswith(UNUSABLE)


def is_passing(error: BaseException | None) -> bool:
    """Whether the database has undone the transaction for another's sake: the same again may work.

    Not so for a connection that broke: it may have done so after the commit.
    """
    state = getattr(getattr(error, "__cause__", None), "sqlstate", None)
    return state in PASSING or (_sqlite_name(error) or "").startswith(LOCKED)


def _sqlite_name(error: BaseException | None) -> str | None:
    return getattr(getattr(error, "__cause__", None), "sqlite_errorname", None)


def unavailable(request: HttpRequest, error: BaseException) -> HttpResponse:
    """503, made without the database, the session or the cache; it knows the error."""
    logger.error(
        "%s %s could not be answered: %s", request.method, request.path, _first_line(error)
    )
    response: HttpResponse
    if request.path.startswith("/api/"):
        detail = "The shop cannot be reached for a moment. Nothing is lost; please try again."
        response = problem_response(503, detail=detail, code="unavailable")
    else:
        response = HttpResponse(render_to_string("503.html"), status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER)
    response.headers["Cache-Control"] = "no-store"
    response.fault = error  # type: ignore[attr-defined]
    return response


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


class FaultsMiddleware:
    """Answers 503 where the database cannot be used, and begins a request anew that met a passing
    fault, as long as nothing of it has been committed: then nothing of it can happen twice.

    What a view does besides the database must bear to be done again; here that is the cache.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        anew = _repeatable(request)
        begun, pause = time.monotonic(), PAUSE
        for attempt in range(1, ATTEMPTS + 1):
            writes = Writes()
            with connection.execute_wrapper(writes):
                response = self.get_response(request)
            again = is_passing(getattr(response, "fault", None)) and not writes.committed
            waited = time.monotonic() - begun
            if not again or anew is None or attempt == ATTEMPTS or waited > PATIENCE:
                break
            request = anew()
            time.sleep(pause * random.uniform(0.5, 1))
            pause *= 2
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return unavailable(request, error) if is_unusable(error) else None


class Writes:
    """Sees a request's statements, and so whether something it wrote has been committed."""

    committed = False

    def __call__(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        result = execute(sql, params, many, context)
        if not self.committed and not str(sql).lstrip("( ").upper().startswith(NO_WRITES):
            if context["connection"].in_atomic_block:
                transaction.on_commit(self._note, using=context["connection"].alias)
            else:
                self._note()
        return result

    def _note(self) -> None:
        self.committed = True


def _repeatable(request: HttpRequest) -> Callable[[], HttpRequest] | None:
    """Gives the request as it came, with its body; None for one whose body is not kept: files."""
    if request.method not in {"GET", "HEAD"}:
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0
        if request.content_type not in FORMS or not length.isdigit() or int(length) > limit:
            return None
        request.body  # noqa: B018  (kept from now on, whoever reads the stream)
    came, meta = dict(vars(request)), dict(request.META)

    def anew() -> HttpRequest:
        fresh = request.__class__.__new__(request.__class__)
        vars(fresh).update(came)
        fresh.META = fresh.environ = dict(meta)  # type: ignore[attr-defined]
        return fresh

    return anew
