"""A process that is about to end serves on, and sends its clients elsewhere meanwhile: /readyz is
503, and every answer closes its connection. So nobody is in the middle of anything at the end."""

import signal
import threading
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

SIGNAL = signal.SIGUSR1  # from shop/serve.py to its worker
begun = threading.Event()


def await_signal() -> None:
    """Begin to drain when told. Only a main thread may be: a development server needs no draining."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(SIGNAL, lambda *_: begun.set())


class DrainingMiddleware:
    """Lets a client that keeps its connection open open its next one, to another process."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if begun.is_set():
            response.headers["Connection"] = "close"
        return response
