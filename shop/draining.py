"""A process that is about to end serves on, and sends its clients elsewhere meanwhile: /readyz is
503, and every answer closes its connection. So nobody is in the middle of anything at the end."""

from collections.abc import Callable
from mmap import mmap

from django.http import HttpRequest, HttpResponse

# Shared with the workers that are forked after. A signal would be one before SIGTERM, and of two
# at once the worker may sleep through the second.
_begun = mmap(-1, 1)


def begin() -> None:
    """From now on this process and its workers drain."""
    _begun[0] = 1


def has_begun() -> bool:
    """Whether this process is about to end."""
    return _begun[0] == 1


class DrainingMiddleware:
    """Lets a client that keeps its connection open open its next one, to another process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if has_begun():
            response.headers["Connection"] = "close"
        return response
