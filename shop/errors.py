"""What Django's own errors answer: a page to people, problem+json to the API's clients."""

import sys
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from shop.api import problem_response
from shop.faults import is_unusable, unavailable

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API) and isinstance(exception, RequestDataTooBig):
        return problem_response(413, detail="The request is too large.", code="too_large")
    if request.path.startswith(API):
        return problem_response(400, detail="The request is not valid.", code="invalid")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return problem_response(403, detail="This is not allowed.", code="permission_denied")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if request.path.startswith(API):
        return problem_response(404, detail="There is nothing here.", code="not_found")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest, **_: Any) -> HttpResponse:
    """Called while the error is handled. A database that is gone is met outside the views too: by
    the session, when it is saved."""
    error = sys.exception()
    if error is not None and is_unusable(error):
        return unavailable(request, error)
    if request.path.startswith(API):
        detail = "Something went wrong on our side. It has been logged; please try again."
        return problem_response(500, detail=detail, code="error")
    return defaults.server_error(request)
