"""Who owns a request: what cart, orders and payments bind their rows to. Which trace it is part
of: what its events carry on. In which zone its times are. A page for whoever comes to where only forms are sent. And who may
keep an answer."""

from collections.abc import Callable
from functools import partial
from hashlib import sha256

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from eventbus import tracing

CART_COOKIE = "cart_token"
CART_HEADER = "Cart-Token"


def owner_of(request: HttpRequest) -> str | None:
    """ "user:<id>" when signed in (session or token), else "cart:<sha256 of the cart token>" from
    the header or the cookie, else None."""
    if request.user.is_authenticated:
        return f"user:{request.user.pk}"
    token = request.headers.get(CART_HEADER) or request.COOKIES.get(CART_COOKIE)
    return f"cart:{sha256(token.encode()).hexdigest()}" if token else None


class OwnerMiddleware:
    """Gives every request `get_owner()`; evaluated when called, after the API authenticated."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.get_owner = partial(owner_of, request)  # type: ignore[attr-defined]
        return self.get_response(request)


class LocalTimeMiddleware:
    """Pages tell times in the shop's zone, and what staff type there is read in it; the API keeps
    to UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith("/api/"):
            return self.get_response(request)
        with timezone.override(settings.SHOP_TIME_ZONE):
            return self.get_response(request)


class NotKeptMiddleware:
    """What is answered is as it is now, and mostly somebody's own. Unless its view has said so, no
    browser or proxy keeps what the API says, and a page only its reader's browser, which asks each
    time whether it is still the same."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kept = "no-store" if request.path_info.startswith("/api/") else "private, no-cache"
        response.headers.setdefault("Cache-Control", kept)
        return response


class TraceMiddleware:
    """Lets the events that a request publishes continue the trace of its `traceparent`, or all of
    them one new trace."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with tracing.arriving(traceparent=request.headers.get("traceparent")):
            return self.get_response(request)


class FormsOnlyMiddleware:
    """Gives Django's empty 405 a page: a browser would show its own error instead."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.get_response(request)
        if answer.status_code != 405 or answer.streaming or answer.content:
            return answer
        page = render(request, "405.html", status=405)
        page.headers["Allow"] = answer.headers["Allow"]
        return page
